# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Command line, clock and result line of every peer."""

import argparse
import json
import os
import platform
import statistics
import sys
import time
import traceback

import torch


def parser(description, forms):
    """The arguments all peers share. `--form all` times each form and reports the fastest."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    p.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder of IDX files, .gz")
    p.add_argument("--repeats", type=int, default=5, help="timed repeats after warm-up")
    p.add_argument("--weights", help=".npz or .h5 (a Varphase checkpoint); default: random")
    p.add_argument("--activation", choices=["relu", "softplus"], default="softplus")
    p.add_argument("--threads", type=int, default=0, help="CPU threads, 0: all")
    p.add_argument("--plain", action="store_true", help="only eager forms in one thread of Python")
    p.add_argument("--compile", action="store_true", help="CUDA: try torch.compile too, where it is not by default")
    p.add_argument("--form", default="all", help="one of: all, " + ", ".join(forms))
    return p


def wants_compile(options):
    return options.compile or options.form.startswith("compile")


def set_up(options):
    """Threads and float32 precision; TF32 stays off unless a case turns it on."""
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # tiny probabilities otherwise cost microcode on a CPU
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(1)
    if options.device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("--device cuda: PyTorch sees no CUDA device")
    return torch.device(options.device)


def timed(work, device):
    """Wall seconds of one call, the device's queue empty before and after, and what it returned."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    out = work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, out


def captured(work, warm_ups=3):
    """`work` as one CUDA graph, warmed up on a side stream; each call returns the same tensors, renewed."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(warm_ups):
            work()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = work()

    # What the work allocated beforehand lies outside the graph's memory: the closure keeps it alive.
    def replayed(work=work):
        graph.replay()
        return out

    return replayed


def race(makers, options, device, trial=lambda work: work()):
    """Times every form, a short trial each, then the fastest for `--repeats`.

    @param makers  {form: function that prepares and returns the work to time}
    @param trial   how to run the work for a trial, where the whole of it would take too long
    @return (form, seconds of each repeat, {form: trial seconds or what went wrong}, what the work returned last)
    """
    if options.form != "all":
        if options.form not in makers:
            raise ValueError(f"--form {options.form}: not known here, use one of {', '.join(makers)}")
        makers = {options.form: makers[options.form]}
    elif options.plain:
        makers = {form: make for form, make in makers.items() if "compile" not in form and "workers" not in form}
    trials = {}
    best, fastest = None, None
    for form, make in makers.items():
        try:
            work = make()
            trial(work)  # warm-up
            runs = 3 if device.type == "cuda" else 2
            trials[form] = min(timed(lambda: trial(work), device)[0] for _ in range(runs))
            if best is None or trials[form] < trials[best]:
                best, fastest = form, work
        except Exception as e:  # a form that cannot run here must not cost the others
            if len(makers) == 1:
                raise
            traceback.print_exc()
            trials[form] = f"{type(e).__name__}: {str(e)[:200]}"
        work = None  # frees the loser's buffers
        if device.type == "cuda":
            torch.cuda.empty_cache()
    if best is None:
        raise RuntimeError(f"no form ran: {trials}")
    times, out = [], None
    for _ in range(options.repeats):
        spent, out = timed(fastest, device)
        times.append(spent)
    return best, times, trials, out


def describe(device):
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    try:
        with open("/proc/cpuinfo") as f:
            return next(line.split(":", 1)[1].strip() for line in f if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def result(case, device, times, images, epochs_equivalent, detail):
    """The one line a bench program prints, ours and the peers' alike; `seconds` are of the whole case."""
    allocator = {k: v for k, v in os.environ.items() if k.startswith("MALLOC_") or k == "LD_PRELOAD"}
    return {
        "case": case,
        "side": "peer",
        "device": device.type,
        "seconds": times,
        "median": statistics.median(times),
        "images": images,
        "epochs_equivalent": epochs_equivalent,
        "detail": {
            **detail,
            "torch": torch.__version__,
            "device_name": describe(device),
            "threads": torch.get_num_threads(),
            "allocator": allocator,
        },
    }


def run_forms(case, description, names, forms, images):
    """The run of a peer whose forms do one job, prepared by forms(device) under those names."""
    options = parser(description, names).parse_args()
    device = set_up(options)
    form, times, trials, _ = race(forms(device), options, device)
    return result(case, device, times, images, images / 60000, {"form": form, "forms": trials})


def main(case, run):
    """Runs a peer; a failure becomes a result line with `error` and exit code 1, never half a line."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not mix with the result
    try:
        line, code = run(), 0
    except Exception as e:
        traceback.print_exc()
        line, code = {"case": case, "side": "peer", "error": f"{type(e).__name__}: {str(e)[:500]}"}, 1
    print(json.dumps(line), file=out, flush=True)
    sys.exit(code)
