# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The reference library's side of safetensors_test.cpp, in the current folder.

    safetensors_reference.py rewrite     writes the tensors of each N.ours to N.theirs
    safetensors_reference.py halves      writes every float16 and bfloat16 beside its float32
"""

import pathlib
import sys

if sys.argv[1] == "rewrite":
    from safetensors import safe_open
    from safetensors.numpy import save_file

    for path in pathlib.Path().glob("*.ours"):
        with safe_open(path, "np") as ours:
            # Turned around: the library sorts, whatever order it is given.
            tensors = {name: ours.get_tensor(name) for name in reversed(ours.keys())}
            save_file(tensors, path.with_suffix(".theirs"), metadata=ours.metadata())
else:
    import torch
    from safetensors.torch import save_file

    bits = torch.arange(65536, dtype=torch.int32).to(torch.int16)
    halves = {"float16": bits.view(torch.float16), "bfloat16": bits.view(torch.bfloat16)}
    tensors = {**halves, "truth": torch.tensor([True, False, True])}
    tensors |= {name + "_as_float32": values.float() for name, values in halves.items()}
    save_file({name: values.clone() for name, values in tensors.items()}, "halves.safetensors")
