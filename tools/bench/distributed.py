#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Training the VGG-like network in bf16 over several GPUs, ours and PyTorch's DistributedDataParallel, both by torchrun, alternately.

    tools/bench/distributed.py --ranks 1 2 4 --out result.json

Random images of 3 x 32 x 32, crop and flip, batch norm over the whole batch, Adam; without dropout, as the peer. Rates are of epochs after the
first, in images a second of all ranks together; for each number of ranks the batch is --batch a GPU, and with --strong also --batch in all.
"""

import argparse
import csv
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEER = ROOT / "tools/bench/peers/train_vgg_ddp.py"


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    p.add_argument("--batch", type=int, default=100)
    p.add_argument("--images", type=int, default=50_000)
    p.add_argument("--epochs", type=int, default=4)
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--strong", action="store_true", help="also the same batch in all, divided over the ranks")
    p.add_argument("--reduction", nargs="+", choices=["float32", "bf16"], default=["float32"])
    p.add_argument("--peers", nargs="*", choices=["eager", "graph"], default=["eager", "graph"])
    p.add_argument("--program", default=str(ROOT / "build/bin/varphase"))
    p.add_argument("--device", default="cuda")
    p.add_argument("--timeout", type=int, default=90, help="seconds that one start may take")
    p.add_argument("--out", help="write the results to this JSON file")
    return p.parse_args()


def network(folder):
    spec = json.loads((ROOT / "src/models/presets/vgg.json").read_text())["network"]
    spec["layers"] = [layer for layer in spec["layers"] if not (isinstance(layer, dict) and "dropout" in layer)]
    (folder / "vgg.json").write_text(json.dumps(spec))
    return folder / "vgg.json"


def images(folder, count):
    draw = numpy.random.default_rng(1)
    arrays = {}
    for split, n in (("train", count), ("test", 100)):
        arrays[f"{split}_images"] = draw.integers(0, 256, (n, 3, 32, 32), dtype=numpy.uint8)
        arrays[f"{split}_labels"] = draw.integers(0, 10, n, dtype=numpy.uint8)
    numpy.savez(folder / "random.npz", **arrays)
    return folder / "random.npz"


def started(command, ranks, options):
    """Runs a command by torchrun. @return (what it printed, error or None)"""
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", ranks, *command]
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=options.timeout,
                              env={**os.environ, "OMP_NUM_THREADS": "4"})  # fmt: skip
    except subprocess.TimeoutExpired as over:
        return "", f"not done after {options.timeout} s: {(over.stderr or b'')[-800:]}"
    return done.stdout, None if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr[-1500:]}"


def ours(folder, ranks, batch, reduction, options):
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    command = ["--no-python", "--", options.program, "train", "--network", folder / "vgg.json", "--data", folder / "random.npz", "--run", run,
               "--batch-size", batch, "--epochs", options.epochs, "--precision", "bf16", "--augment", "crop-flip", "--samples", 1,
               "--beta1", 0.95, "--evaluate-every", 1000, "--every", 1000, "--reduction", reduction, "--device", options.device,
               "--quiet"]  # fmt: skip
    _, error = started(command, ranks, options)
    if error:
        return {"error": error}
    rows = list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))
    return {"images_per_second": [float(row["images_per_second"]) for row in rows[2:]]}


def peer(ranks, batch, reduction, graph, options):
    command = [PEER, "--batch", batch // ranks, "--images", options.images, "--epochs", options.epochs, "--reduction", reduction]
    out, error = started([*command, *(["--graph"] if graph else [])], ranks, options)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    return json.loads(lines[-1]) if lines else {"error": error or "no result line"}


def main():
    options = arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-bench-"))
    network(folder)
    images(folder, options.images)
    results = []
    try:
        for _ in range(options.rounds):
            for ranks in options.ranks:
                batches = [options.batch * ranks] + ([options.batch] if options.strong and ranks > 1 else [])
                for batch in batches:
                    for reduction in options.reduction if ranks > 1 else ["float32"]:
                        sides = {"ours": ours(folder, ranks, batch, reduction, options)}
                        for form in options.peers:
                            sides[f"ddp-{form}"] = peer(ranks, batch, reduction, form == "graph", options)
                        for side, result in sides.items():
                            row = {"ranks": ranks, "batch": batch, "reduction": reduction, "side": side, **result}
                            if "images_per_second" in row:
                                row["median"] = round(statistics.median(row["images_per_second"]))
                            results.append(row)
                            print(json.dumps(row), flush=True)
                            if options.out:
                                pathlib.Path(options.out).write_text(json.dumps(results, indent=1) + "\n")
    finally:
        shutil.rmtree(folder)
    return any("error" in row for row in results)


if __name__ == "__main__":
    sys.exit(main())
