#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What `train --kappa-every N` adds to a training: whole runs of the program with and without, alternately.

    tools/bench/kappa_beside.py --device cuda --cases lenet --every 1 2 5 10 --out result.json

lenet: the preset lenet5 on 60,000 random images of 28 x 28; vgg: the preset vgg in bf16 on 50,000 of 3 x 32 x 32. All else is the preset's own:
every epoch is evaluated and saved. Seconds are those by the clock from the first checkpoint to the end of the program. A map of the vgg network takes
many epochs' time (its convolutions are not in closed form): for that case --epochs 2 --every 2 is enough, and `every_for_5_percent` says the rest.
"""

import argparse
import json
import math
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = {"lenet": ("lenet5", (1, 28, 28), 60_000, []), "vgg": ("vgg", (3, 32, 32), 50_000, ["--precision", "bf16"])}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    p.add_argument("--every", nargs="+", type=int, default=[1, 5, 10, 20], help="epochs between two maps")
    p.add_argument("--epochs", type=int, default=40)
    p.add_argument("--images", type=int, help="training images, in place of the case's own number")
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--program", default=str(ROOT / "build/bin/varphase"))
    p.add_argument("--device", default="cuda")
    p.add_argument("--out", help="write the results to this JSON file")
    return p.parse_args()


def images(folder, shape, count):
    draw = numpy.random.default_rng(1)
    arrays = {}
    for split, n in (("train", count), ("test", count // 6)):
        arrays[f"{split}_images"] = draw.integers(0, 256, (n, *shape), dtype=numpy.uint8)
        arrays[f"{split}_labels"] = draw.integers(0, 10, n, dtype=numpy.uint8)
    numpy.savez(folder / "random.npz", **arrays)
    return folder / "random.npz"


def seconds_of(folder, data, preset, more, every, options):
    """Seconds from the first epoch's start to the end of the training: what both runs do alike before is left out."""
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    command = [options.program, "train", "--preset", preset, "--data", data, "--run", run, "--epochs", options.epochs, "--device", options.device,
               "--kappa-every", every, "--json", "--quiet", *more]  # fmt: skip
    begun = None
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "started":
                begun = time.perf_counter()
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {process.returncode}")
    maps = len(list((run / "kappa").glob("epoch_*.h5")))
    if every and maps != len({*range(0, options.epochs + 1, every), options.epochs}):
        sys.exit(f"{maps} maps")
    return time.perf_counter() - begun, maps


def main():
    options = arguments()
    results = []
    for case in options.cases:
        preset, shape, count, more = CASES[case]
        folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-bench-"))
        try:
            data = images(folder, shape, options.images or count)
            found = {every: [] for every in [0, *options.every]}
            maps = {}
            for _ in range(options.rounds):
                for every, times in found.items():
                    seconds, maps[every] = seconds_of(folder, data, preset, more, every, options)
                    times.append(seconds)
        finally:
            shutil.rmtree(folder)
        plain = statistics.median(found[0])
        for every, times in found.items():
            added = statistics.median(times) - plain
            row = {"case": case, "epochs": options.epochs, "kappa_every": every, "maps": maps[every], "seconds": [round(one, 3) for one in times],
                   "added_percent": round(100 * added / plain, 2)}  # fmt: skip
            if every:
                row["seconds_a_map"] = round(added / maps[every], 4)
                row["every_for_5_percent"] = max(1, math.ceil(added / maps[every] / (0.05 * plain / options.epochs)))
            results.append(row)
            print(json.dumps(row), flush=True)
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
