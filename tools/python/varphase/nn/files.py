# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Networks out of checkpoints and pruned files (checkpoints/FORMAT.md)."""

import json
import os

import numpy as np
import torch

from varphase.errors import FormatError, UsageError
from varphase.nn.network import of_spec
from varphase.nn.sparse import SparseVarianceLayer, csr, csr_of_dense
from varphase.run_files import checkpoint_in, run_folder
from varphase.sealed import opened


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


def _kept(packed, count):
    return np.unpackbits(packed, count=count, bitorder="little").astype(bool)


def load(path, sparse=True):
    """The network of a checkpoint or a pruned file, in eval mode.

    Args:
        path: a checkpoint, a pruned file, a run folder (its last epoch) or "RUN@EPOCH"
        sparse: pruned layers as CSR matrices (SparseVarianceLayer, for prediction); False: as dense layers of the same
            moments

    Returns:
        a varphase.nn.Network, whose predictions are the program's

    Raises:
        FileError: a file, run or epoch that is not there
        FormatError: a file of another kind, or a damaged one
    """
    path = _file_of(path)
    with opened(path) as file:
        kind = _text(file.attrs.get("kind", ""))
        if kind not in ("checkpoint", "pruned"):
            raise FormatError(f"{path}: wants a checkpoint or a pruned file, got {kind or 'a file of another program'}")
        config = json.loads(_text(file.attrs["config"]))
        network = of_spec(config["network"], config)
        layers = {name: dict(network.named_modules())[name] for name in network._modules}
        for room in ("parameters", "buffers"):
            for layer, group in file.get(room, {}).items():
                for name, array in group.items():
                    _set(layers[layer], name, _values(array))
        for layer, group in file.get("masks", {}).items():
            module = layers[layer]
            kept = _kept(group["kept"][:], module.weight_shape.numel())
            module.mask = torch.from_numpy(kept).reshape(module.weight_shape)
        if kind == "pruned":
            for row in json.loads(_text(file.attrs["layers"])):
                network._modules[row["layer"]] = _pruned(row, file["layers"][row["layer"]], layers[row["layer"]], sparse)
    return network.eval()


def _file_of(path):
    path = os.fspath(path)
    if os.path.isfile(path):
        return path
    run, _, epoch = path.rpartition("@") if "@" in path and not os.path.isdir(path) else (path, "", "")
    if epoch and not epoch.isdecimal():
        raise UsageError(f"{path}: wants RUN@EPOCH, as runs/first@3")
    return checkpoint_in(run_folder(run), int(epoch) if epoch else None)


def _values(array):
    values = torch.from_numpy(np.ascontiguousarray(array[:]))
    return values.reshape(()) if array.attrs.get("scalar", 0) else values


def _set(module, name, values):
    target = getattr(module, name, None)
    if target is None:
        raise FormatError(f"{type(module).__name__}: has no array '{name}'")
    with torch.no_grad():
        target.copy_(values)


def _pruned(row, group, module, sparse):
    """A pruned layer of its arrays: effective mean and variance of all weights."""
    shape = torch.Size(row["shape"])
    matrix = (shape[0], shape[1:].numel())
    if row["replace"] == "zero":
        indptr, indices = group["indptr"][:], group["indices"][:]
        kept_mean = torch.from_numpy(group["mean"][:])
        mean = csr(indptr, indices, kept_mean, matrix)
        variance = csr(indptr, indices, _variances(group, kept_mean), matrix)
    else:
        kept = torch.from_numpy(_kept(group["mask"][:], shape.numel())).reshape(matrix)
        mean = torch.from_numpy(group["mean"][:]).reshape(matrix)
        every = torch.zeros(matrix)
        every[kept] = _variances(group, mean[kept])
        variance = csr_of_dense(every, kept)
    if not sparse:
        mean = mean.to_dense() if mean.layout == torch.sparse_csr else mean
        variance = variance.to_dense()
    conv = None
    if len(shape) == 4:
        conv = {"kernel_size": shape[2], "stride": module.stride, "padding": module.padding}
    bias = None if module.bias is None else module.bias.detach()
    layer = SparseVarianceLayer(mean, variance, bias, conv)
    layer.number = module.number
    return layer


def _variances(group, mean):
    """sigma^2 of the kept weights."""
    if "alpha" in group:
        return torch.from_numpy(group["alpha"][:]) * (mean * mean)
    return torch.from_numpy(group["variance"][:])
