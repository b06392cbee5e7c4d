#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Times the package's evaluate and kappa on tensors that are already on the device beside the program on the same images in files.

    PYTHONPATH=build/python tools/bench/python_overhead.py PROGRAM [--device cuda] [--rounds 7] [--out FILE]

Each round runs, one after the other: the program as a process (its start and LibTorch's included), the same job called in
this process on the files (the program's own time without its start), and on tensors. Medians, ratios and the time that
`import varphase` adds to `import torch` are printed as JSON. The images are drawn, the network is trained for an epoch.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

import varphase


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--preset", default="lenet5-relu")
    parser.add_argument("--images", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--out")
    return parser.parse_args()


def drawn(folder, spec, count):
    """Images of noise with a bright place for each class, as .npy files. @return (images, labels)"""
    channels, height, width = spec["input"]
    generator = np.random.default_rng(0)
    labels = generator.integers(0, spec["classes"], count)
    images = generator.integers(0, 90, (count, channels, height, width), np.uint8)
    images[np.arange(count), :, 2 * (labels % 10) + 4, 2 * (labels // 10) + 4] = 255
    folder.mkdir()
    for part in ("train", "test"):
        np.save(folder / f"{part}_images.npy", images)
        np.save(folder / f"{part}_labels.npy", labels)
    return images, labels


def timed(call):
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def import_seconds(rounds):
    """What `import varphase` takes behind `import torch`, median of processes."""
    script = "import time, torch; start = time.perf_counter(); import varphase; print(time.perf_counter() - start)"
    return statistics.median(float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
                             for _ in range(rounds))  # fmt: skip


def main():
    asked = arguments()
    before = {"device": asked.device, "threads": asked.threads}
    flags = ["--device", asked.device, "--threads", str(asked.threads), "--json"]
    with tempfile.TemporaryDirectory(prefix="varphase-overhead-") as name:
        folder = pathlib.Path(name)
        run, data = folder / "run", folder / "data"
        shape = {"input": [3, 32, 32] if "vgg" in asked.preset else [1, 28, 28], "classes": 10}
        images, labels = drawn(data, shape, asked.images)
        varphase.train(run, preset=asked.preset, data=data, epochs=1, normalize="none", progress=False, **before)
        tensors = (torch.from_numpy(images).to(asked.device), torch.from_numpy(labels).to(asked.device))
        forget = lambda: shutil.rmtree(run / "kappa", ignore_errors=True)  # a map that is there is not made again
        cases = {"evaluate": (["eval", run], lambda data: varphase.evaluate(run, data=data, progress=False, **before)),
                 "kappa": (["kappa", run, "--epoch", "last"],
                           lambda data: varphase.kappa(run, epoch="last", data=data, progress=False, **before))}  # fmt: skip
        result = {"machine": machine(asked.device), "preset": asked.preset, "images": asked.images, "rounds": asked.rounds,
                  "import_seconds": import_seconds(asked.rounds)}  # fmt: skip
        for case, (words, call) in cases.items():
            command = [asked.program, *map(str, words), "--data", str(data), *flags]
            ways = {"process": lambda command=command: subprocess.run(command, check=True, capture_output=True),
                    "files": lambda call=call: call(data), "tensors": lambda call=call: call(tensors)}  # fmt: skip
            seconds = {way: [] for way in ways}
            for turn in range(asked.rounds + 1):
                for way, run_it in ways.items():
                    forget()
                    taken = timed(run_it)
                    if turn:  # the first round warms up
                        seconds[way].append(taken)
            medians = {way: statistics.median(values) for way, values in seconds.items()}
            result[case] = {"seconds": seconds, "medians": medians, "tensors_over_files": medians["tensors"] / medians["files"],
                            "tensors_over_process": medians["tensors"] / medians["process"]}  # fmt: skip
    text = json.dumps(result, indent=1)
    print(text)
    if asked.out:
        pathlib.Path(asked.out).write_text(text)


def machine(device):
    name = torch.cuda.get_device_name() if device != "cpu" else platform.processor() or platform.machine()
    return {"device": name, "cores": os.cpu_count(), "torch": torch.__version__}


if __name__ == "__main__":
    main()
