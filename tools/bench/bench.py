#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Times Varphase against PyTorch peers, alternately in one run, and writes medians and ratios as JSON.

Each round starts our program, then the peer, so that a slow minute of the machine hits both. Both get the same
environment, allocator included. A side that fails is reported in the JSON and the next case goes on.
"""

import argparse
import ctypes.util
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = pathlib.Path(os.path.relpath(HERE / "peers"))  # relative: results name no folder of this machine

# case -> (our case, peer file and arguments)
CASES = {
    "train": ("train", ["train.py"]),
    "train-deterministic": ("train", ["train.py", "--deterministic"]),
    "train-vgg": ("train-vgg", ["train_vgg.py"]),
    "kappa": ("kappa", ["kappa.py"]),
    "kappa-head": ("kappa-head", ["kappa.py", "--head-only"]),
    "kappa-head-backpack": ("kappa-head", ["kappa_backpack.py"]),
    "ensemble": ("ensemble", ["ensemble.py"]),
    "ensemble-images": ("ensemble-images", ["ensemble.py"]),
    "ensemble-loop": ("ensemble-images", ["ensemble.py", "--loop"]),
    "ensemble-vgg": ("ensemble-vgg", ["ensemble_vgg.py"]),
    "attack-lenet": ("attack-lenet", ["attack.py", "--alike"]),
    "attack-lenet-shared": ("attack-lenet", ["attack.py"]),
    "attack-lenet-tf32": ("attack-lenet-tf32", ["attack.py", "--alike"]),
    "attack-lenet-tf32-shared": ("attack-lenet-tf32", ["attack.py"]),
    "attack-vgg": ("attack-vgg", ["attack.py", "--vgg", "--alike"]),
    "attack-vgg-tf32": ("attack-vgg-tf32", ["attack.py", "--vgg", "--alike"]),
    "attack-vgg-bf16": ("attack-vgg-bf16", ["attack.py", "--vgg", "--alike"]),
    "sweep": ("sweep", ["sweep.py"]),
    "checkpoint": ("checkpoint", None),
    "curvature-lenet": ("curvature-lenet", None),
    "curvature-vgg": ("curvature-vgg", None),
    "curvature-3c3d": ("curvature-3c3d", ["curvature_backpack.py"]),
    "curvature-3c3d-ggn": ("curvature-3c3d-ggn", ["curvature_backpack.py", "--ggn"]),
    "conv-pool": ("conv-pool", ["conv_pool.py"]),
    "sparse-moments": ("sparse-moments", ["sparse_moments.py"]),
    "sparse-convolution": ("sparse-convolution", ["sparse_convolution.py"]),
    "image-folder": ("image-folder", ["image_folder.py"]),
    "image-cache": ("image-cache", ["image_folder.py"]),
}
# Beside them on request: the same cases against eager PyTorch without compilation and without worker threads.
for _case in ("train", "kappa", "ensemble", "sweep"):
    CASES[f"{_case}-plain"] = (CASES[_case][0], [*CASES[_case][1], "--plain"])
# Large blocks stay in the heap instead of being mapped, zeroed and returned at every operation.
GLIBC = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    p.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder of IDX files")
    p.add_argument("--cases", nargs="*", choices=list(CASES), help="default: all that the device has")
    p.add_argument("--rounds", type=int, default=3, help="alternations A B A B ...")
    p.add_argument("--repeats", type=int, help="timed repeats a round and side; default 5, sweep and ensemble-loop on a CPU 1")
    p.add_argument("--activation", choices=["softplus", "relu"], help="after the variance layer")
    p.add_argument("--weights", help="checkpoint for kappa, ensemble and sweep, both sides")
    ours = os.path.relpath(ROOT / "build/bin/varphase-bench")
    p.add_argument("--ours", default=ours, help="our program; 'none': peers alone")
    p.add_argument("--python", default=sys.executable, help="Python that has torch")
    p.add_argument("--allocator", default="auto", help="auto (CPU: glibc), none, glibc, or a library to preload")
    p.add_argument("--forms", nargs="*", default=[], metavar="CASE=FORM", help="peers' forms that need no search")
    p.add_argument("--timeout", type=int, help="seconds one process may take; default 1800, CUDA 180")
    p.add_argument("--out", help="write the results to this JSON file")
    return p.parse_args()


def allocator_environment(options):
    name = options.allocator
    if name == "auto":
        name = "glibc" if options.device == "cpu" else "none"
    if name == "none":
        return {}
    if name == "glibc":
        return GLIBC
    found = name if os.path.exists(name) else ctypes.util.find_library(name)
    if not found:
        sys.exit(f"bench: --allocator {name}: no such library; install it or use glibc")
    return {"LD_PRELOAD": found}


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def environment(options, extra):
    cpu = next((l.split(":", 1)[1].strip() for l in output_of("cat", "/proc/cpuinfo").splitlines()
                if l.startswith("model name")), platform.machine())  # fmt: skip
    watched = ("OMP_", "MKL_", "ONEDNN_", "OPENBLAS_", "MALLOC_", "LD_PRELOAD", "CUDA_", "CUBLAS_", "ATEN_", "TORCH", "VARPHASE_")
    return {
        "command": [pathlib.Path(a).name if a.startswith("/") else a for a in sys.argv],
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "git": output_of("git", "describe", "--always", "--dirty"),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "gpu": output_of("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "libc": " ".join(platform.libc_ver()),
        "compiler": output_of("c++", "--version").split("\n")[0],
        "allocator": extra,
        "variables": {k: v for k, v in os.environ.items() if k.startswith(watched) and "/" not in v},
    }


def busy_seconds():
    """CPU seconds spent by all processes of the machine, and by our finished children."""
    with open("/proc/stat") as f:
        ticks = [int(x) for x in f.readline().split()[1:]]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    idle = ticks[3] + ticks[4]
    return (sum(ticks[:8]) - idle) / os.sysconf("SC_CLK_TCK"), used.ru_utime + used.ru_stime


def call(command, extra, timeout):
    """Runs one side; its last line of stdout is the result. Adds the command and how busy others kept the machine."""
    start, (all_before, own_before) = time.perf_counter(), busy_seconds()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env={**os.environ, **extra})
        lines = [l for l in done.stdout.splitlines() if l.startswith("{")]
        if lines:
            line = json.loads(lines[-1])
        else:
            line = {"error": f"exit code {done.returncode}, no result line: {done.stderr[-600:]}"}
    except subprocess.TimeoutExpired:
        line = {"error": f"not done after {timeout} s"}
    except (OSError, ValueError) as e:
        line = {"error": f"{type(e).__name__}: {e}"}
    wall, (all_after, own_after) = time.perf_counter() - start, busy_seconds()
    line["command"] = [pathlib.Path(c).name if str(c).startswith("/") else str(c) for c in command]
    line["wall"] = round(wall, 2)
    line["other_cores_busy"] = round(max(0.0, (all_after - all_before) - (own_after - own_before)) / wall, 2)
    return line


def summary(runs):
    seconds = [s for run in runs for s in run.get("seconds", [])]
    if not seconds:
        return {"error": runs[-1].get("error", "no times") if runs else "not run"}
    return {
        "median": statistics.median(seconds),
        "min": min(seconds),
        "max": max(seconds),
        "repeats": len(seconds),
        "other_cores_busy": max(run["other_cores_busy"] for run in runs),
        "detail": next(run["detail"] for run in runs if "detail" in run),
    }


def run_case(case, options, extra):
    our_case, peer = CASES[case]
    repeats = options.repeats or (1 if case in ("sweep", "ensemble-loop") and options.device == "cpu" else 5)
    timeout = options.timeout or (180 if options.device == "cuda" else 1800)
    shared = ["--device", options.device, "--data", options.data, "--repeats", str(repeats)]
    if options.activation:
        shared += ["--activation", options.activation]
    if options.weights and not case.startswith(("train", "checkpoint")):
        shared += ["--weights", options.weights]
    ours = [] if options.ours == "none" else [options.ours, our_case, *shared]
    theirs = [options.python, PEERS / peer[0], *peer[1:], *shared] if peer else []
    runs = {"ours": [], "peer": []}
    form = next((["--form", f.split("=", 1)[1]] for f in options.forms if f.split("=", 1)[0] == case), [])
    for _ in range(options.rounds):
        for side, command in (("ours", ours), ("peer", [*theirs, *form] if theirs else [])):
            if not command or (runs[side] and "error" in runs[side][-1]):
                continue
            line = call(command, extra, timeout)
            runs[side].append(line)
            if side == "peer" and "detail" in line:
                form = ["--form", line["detail"]["form"]]  # the fastest; later rounds need not look for it
    entry = {side: summary(lines) for side, lines in runs.items() if lines}
    if all("median" in entry.get(side, {}) for side in ("ours", "peer")):
        entry["ratio"] = entry["peer"]["median"] / entry["ours"]["median"]
    entry["runs"] = runs
    return entry


def show(case, entry):
    def side(name):
        found = entry.get(name, {})
        if "median" in found:
            return f"{found['median']:10.4g} s (min {found['min']:.4g})"
        return f"{'failed' if 'error' in found else '-':>10}"

    ratio = f"{entry['ratio']:6.2f}x" if "ratio" in entry else "      -"
    form = entry.get("peer", {}).get("detail", {}).get("form", "")
    busy = max((entry[s].get("other_cores_busy", 0) for s in ("ours", "peer") if s in entry), default=0)
    warning = f"  others used {busy:.1f} cores" if busy > 0.2 else ""
    print(f"{case:20} ours {side('ours'):30} peer {side('peer'):30} {ratio}  {form}{warning}", flush=True)
    for name in ("ours", "peer"):
        if "error" in entry.get(name, {}):
            print(f"  {name}: {entry[name]['error'].strip()[-300:]}", flush=True)


def main():
    options = arguments()
    extra = allocator_environment(options)
    if options.ours != "none" and not os.access(options.ours, os.X_OK):
        print(f"bench: {options.ours}: no such program, peers alone (build target varphase-bench)", file=sys.stderr)
        options.ours = "none"
    skipped = ("-plain", "conv-pool") if options.device == "cuda" else ("-plain", "-deterministic", "-vgg", "-lenet", "-3c3d", "-ggn")
    # The image cases want another folder in --data: on request alone.
    cases = options.cases or [c for c in CASES if not c.endswith(skipped) and not c.startswith("image-")]
    results = {"environment": environment(options, extra), "cases": {}}
    for case in cases:
        results["cases"][case] = run_case(case, options, extra)
        show(case, results["cases"][case])
        if options.out:  # after every case: an interrupted run keeps what it has
            pathlib.Path(options.out).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
