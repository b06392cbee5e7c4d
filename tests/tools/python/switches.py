# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Jobs in a process that has set PyTorch's switches: all are as before after each, and none changes a result.

    switches.py         in a folder with spec.json and images
"""

import contextlib
import os

import torch

import varphase

CPU = {"device": "cpu", "threads": 1, "progress": False}


def switches():
    """All that a job might change; of what PyTorch refuses to say, that it does."""

    def read(get):
        try:
            return get()
        except RuntimeError as error:
            return str(error)[:60]

    precisions = {f"{backend} {operation}": torch._C._get_fp32_precision_getter(backend, operation)
                  for backend, operations in (("generic", ["all"]), ("cuda", ["all", "conv", "rnn", "matmul"]), ("mkldnn", ["all", "conv", "rnn", "matmul"]))
                  for operation in operations}  # fmt: skip
    return {**precisions, "matmul": read(torch.get_float32_matmul_precision), "cudnn": read(lambda: torch._C._get_cudnn_allow_tf32()),
            "deterministic": torch.are_deterministic_algorithms_enabled(), "warn": torch.is_deterministic_algorithms_warn_only_enabled(),
            "fill": torch.utils.deterministic.fill_uninitialized_memory, "cudnn deterministic": torch.backends.cudnn.deterministic,
            "benchmark": torch.backends.cudnn.benchmark, "bf16": torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction,
            "type": torch.get_default_dtype(), "threads": torch.get_num_threads(), "gradients": torch.is_grad_enabled(),
            "inference": torch.is_inference_mode_enabled(), "autocast": torch.is_autocast_enabled("cpu"),
            "workspace": os.popen("echo $CUBLAS_WORKSPACE_CONFIG").read(), "generator": torch.random.get_rng_state().tolist()}  # fmt: skip


def by_older_names():
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.set_float32_matmul_precision("medium")
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = (False, False)
    torch.utils.deterministic.fill_uninitialized_memory = True
    torch.set_num_threads(3)  # not what the jobs ask for, on any machine


def by_newer_names():
    torch.backends.fp32_precision = "tf32"
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    torch.backends.cudnn.conv.fp32_precision = "ieee"
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"


def default_type():
    torch.set_default_dtype(torch.float64)


def scores():
    varphase.train("r", network="spec.json", data="images", batch_size=50, epochs=1, overwrite=True, **CPU)
    varphase.kappa("r", epoch="last", **CPU)
    entry = varphase.evaluate("r", samples=2, **CPU)["entries"][0]
    with contextlib.suppress(varphase.VarphaseError):
        varphase.train("r", **CPU)
    return entry["nll"]


def main():
    wanted = scores()
    for change in (by_older_names, by_newer_names, default_type):
        change()
        before = switches()
        got = scores()
        after = switches()
        assert before == after, {name: (value, after[name]) for name, value in before.items() if value != after[name] and name != "generator"}
        assert got == wanted, (change.__name__, got, wanted)
    for scope in (torch.no_grad(), torch.inference_mode(), torch.autocast("cpu", torch.bfloat16)):
        with scope:
            before = switches()
            assert scores() == wanted, scope
            assert switches() == before, scope


if __name__ == "__main__":
    main()
