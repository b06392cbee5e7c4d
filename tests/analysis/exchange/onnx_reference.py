# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Runs every NAME.onnx of the current folder on the inputs of NAME.safetensors and compares with its outputs."""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

TOLERANCE = 1e-5  # of the largest entry: float32 sums in another order

failures = []
graphs = sorted(pathlib.Path().glob("*.onnx"))
for path in graphs:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    tensors = load_file(path.with_suffix(".safetensors"))
    inputs = {name.removeprefix("input:"): value for name, value in tensors.items() if name.startswith("input:")}
    wanted = {name.removeprefix("output:"): value for name, value in tensors.items() if name.startswith("output:")}
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for name, got in zip([value.name for value in session.get_outputs()], session.run(None, inputs), strict=True):
        error = np.abs(got - wanted[name]).max() / np.abs(wanted[name]).max()
        if got.shape != wanted[name].shape or not error <= TOLERANCE:
            failures.append(f"{path}: {name} {got.shape}, wanted {wanted[name].shape}, error {error}")
    # Other noise gives other numbers: the input is not there for show.
    for name in inputs:
        if name.endswith((".noise", ".factor")):
            other = session.run(None, inputs | {name: inputs[name] + 1})[0]
            if np.allclose(other, session.run(None, inputs)[0], rtol=1e-3):
                failures.append(f"{path}: {name} has no effect")
print("\n".join(failures) if failures else f"{len(graphs)} graphs: all agree")
sys.exit(bool(failures) or not graphs)
