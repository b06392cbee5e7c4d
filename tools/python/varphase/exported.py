# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Networks out of PyTorch's own files: programs of torch.export (.pt2) and state_dicts (.pt, .pth)."""

import os
import pathlib
import pickle
import re
import zipfile

import numpy as np
import torch
from torch import nn

from varphase import covered
from varphase.errors import FileError, FormatError, UnsupportedError, UsageError
from varphase.exchanged import exchanged_of, Gap, refuse


def _pair(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)


def _loaded(module, **values):
    with torch.no_grad():
        for name, value in values.items():
            if value is not None:
                getattr(module, name).copy_(value)
    return module


def _conv(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    module = nn.Conv2d(weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]), _pair(stride),
                       padding if isinstance(padding, str) else _pair(padding), _pair(dilation), groups, bias is not None)  # fmt: skip
    return _loaded(module, weight=weight, bias=bias)


def _linear(x, weight, bias=None):
    return _loaded(nn.Linear(weight.shape[1], weight.shape[0], bias is not None), weight=weight, bias=bias)


def _norm(x, weight, bias, mean, var, training, momentum, eps, *_):
    if weight is None or mean is None:
        raise Gap("without weights or running statistics it is not covered")
    if training:
        raise Gap("it normalizes by the batch: export module.eval()")
    kind = nn.BatchNorm2d if len(x) == 4 else nn.BatchNorm1d
    return _loaded(kind(len(weight), eps, momentum), weight=weight, bias=bias, running_mean=mean, running_var=var)


def _max_pool(x, size, stride=None, padding=0, dilation=1, ceil_mode=False):
    return nn.MaxPool2d(_pair(size), _pair(stride) if stride else None, _pair(padding), _pair(dilation), ceil_mode=ceil_mode)


def _avg_pool(x, size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    return nn.AvgPool2d(_pair(size), _pair(stride) if stride else None, _pair(padding), ceil_mode, count_include_pad, divisor_override)


def _dropout(x, p, training):
    if training:
        raise Gap("it drops in evaluation too: export module.eval()")
    return nn.Dropout(p)


# Modules of the operations of a program; `x` is the input's shape, arrays are tensors.
_OPERATIONS = {
    "conv2d": _conv,
    "linear": _linear,
    "batch_norm": _norm,
    "max_pool2d": _max_pool,
    "avg_pool2d": _avg_pool,
    "adaptive_avg_pool2d": lambda x, size: nn.AdaptiveAvgPool2d(_pair(size)),
    "relu": lambda x: nn.ReLU(),
    "leaky_relu": lambda x, slope=0.01: nn.LeakyReLU(slope),
    "softplus": lambda x, beta=1, threshold=20: nn.Softplus(beta, threshold),
    "tanh": lambda x: nn.Tanh(),
    "sigmoid": lambda x: nn.Sigmoid(),
    "silu": lambda x: nn.SiLU(),
    "gelu": lambda x, approximate="none": nn.GELU(approximate),
    "dropout": _dropout,
    "log_softmax": lambda x, dim, dtype=None: nn.LogSoftmax(dim),
    "softmax": lambda x, dim, dtype=None: nn.Softmax(dim),
}
_FLAT = ("flatten", "view", "reshape", "_unsafe_view")
_NOTHING = ("clone", "contiguous", "detach", "alias", "_to_copy", "to")


def _operation(node):
    """conv2d of aten.conv2d.default and aten.conv2d_.default; "" for what is no operation of ATen."""
    parts = str(node.target).split(".")
    return parts[1].removesuffix("_") if parts[0] == "aten" and len(parts) > 1 else ""


def _shape(node):
    value = node.meta.get("val")
    return tuple(value.shape) if isinstance(value, torch.Tensor) else None


def _layer(node, arrays):
    """The spec's layer of a node, and the module that it was made of. @raises Gap"""
    sources = [source for source in node.all_input_nodes if source not in arrays and _shape(source) is not None]
    if len(sources) != 1:
        raise Gap(f"it joins {len(sources)} tensors: a network of ours is a chain of layers" if sources else "it computes without the images")
    if len([user for user in sources[0].users if _shape(user) is not None]) > 1:
        raise Gap(f"{sources[0].name} is used more than once: a network of ours is a chain of layers")
    shape, operation = _shape(sources[0]), _operation(node)
    if operation in _NOTHING:
        before, after = sources[0].meta["val"].dtype, node.meta["val"].dtype
        if before != after:
            raise Gap(f"it makes {after} of {before}: a network of ours computes in one type")
        return None, None
    if operation in _FLAT:
        return covered.flat((1, *shape[1:]), (1, *_shape(node)[1:])), None
    if operation == "abs":
        return "abs", None
    if operation not in _OPERATIONS:
        raise Gap("there is no layer for it")

    def value(argument):
        return arrays[argument] if argument in arrays else argument

    given = [value(argument) if not isinstance(argument, torch.fx.Node) or argument in arrays else shape for argument in node.args]
    try:
        module = _OPERATIONS[operation](*given, **{name: value(argument) for name, argument in node.kwargs.items()})
    except TypeError as error:
        raise Gap(f"its arguments are not covered: {error}") from error
    return covered.MODULES[type(module)](module, shape), module


def from_exported(program):
    """A network of a torch.export program as a spec and weights of ours.

    Args:
        program: a torch.export.ExportedProgram of a module in eval mode, or the path of one (.pt2)

    Returns:
        an Exchanged, as from_module gives it

    Raises:
        FileError, FormatError: a file that is not there, or no such program
        UnsupportedError: naming each part that no layer of ours covers, and why
    """
    name = type(program).__name__
    if isinstance(program, nn.Module):
        raise UsageError(f"{name}: wants a torch.export program or a file of one; from_module takes modules")
    if not isinstance(program, torch.export.ExportedProgram):
        name = os.fspath(program)
        program = _read(name)
    signature, graph = program.graph_signature, program.graph
    owned = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    arrays = {node: program.state_dict.get(owned[node.name], program.constants.get(owned[node.name]))
              for node in graph.nodes if node.op == "placeholder" and node.name in owned}  # fmt: skip
    inputs = [node for node in graph.nodes if node.op == "placeholder" and node.name in signature.user_inputs]
    results = [node for node in graph.nodes if node.name in signature.user_outputs]
    if len(inputs) != 1 or len(results) != 1 or len(_shape(inputs[0]) or ()) not in (2, 4) or len(_shape(results[0]) or ()) != 2:
        raise UnsupportedError(f"{name}: wants one tensor of images in, [N, C, H, W] or [N, features], and one of logits out, [N, classes]")
    layers, owners, modules, gaps = [], [], {}, []
    for node in graph.nodes:
        if node.op != "call_function" or _shape(node) is None:
            continue
        try:
            layer, module = _layer(node, arrays)
            if layers and layers[-1] == "logits" and layer is not None:
                raise Gap("it follows a softmax")
        except Gap as gap:
            gaps.append(f"{node.name}: {_operation(node) or node.target}: {gap}")
            continue
        if layer is None:
            continue
        weights = [owned[source.name] for source in node.all_input_nodes if source in arrays]
        owner = weights[0].rpartition(".")[0] if weights else None
        if owner is not None:
            modules[owner] = module
        layers.append(layer)
        owners.append(owner)
    refuse(name, gaps)
    if layers and layers[-1] == "logits":
        layers.pop()
        owners.pop()
    return exchanged_of(_shape(inputs[0]), _shape(results[0])[1], layers, owners, modules)


def _read(path):
    if not os.path.isfile(path):
        raise FileError(f"{path}: no such file")
    if not zipfile.is_zipfile(path) or not any(name.endswith("/archive_format") for name in zipfile.ZipFile(path).namelist()):
        raise FormatError(f"{path}: is no program of torch.export: torch.export.save(torch.export.export(module.eval(), (images,)), FILE) writes one")
    try:
        return torch.export.load(path)
    except Exception as error:  # whatever the archive's reader meets in a foreign file
        raise FormatError(f"{path}: is no program of torch.export that this PyTorch reads: {error}") from error


def state_dict_of(path):
    """The arrays of a state_dict that torch.save wrote, by their names; no code of the file runs.

    Args:
        path: a state_dict, or a dict with one under "state_dict", "model_state_dict" or "model"

    Raises:
        FormatError: a file that holds more than tensors, or none
    """
    if not os.path.isfile(path):
        raise FileError(f"{path}: no such file")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        code = re.search(r"GLOBAL ([\w.]+)", str(error))
        raise FormatError(f"{path}: is no state_dict" + (f": it holds a {code[1]}, which would run code" if code else "")
                          + "\n  torch.save(model.state_dict(), FILE) writes one") from error  # fmt: skip
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
            break
    tensors = {name: value for name, value in found.items() if isinstance(value, torch.Tensor)} if isinstance(found, dict) else {}
    if not tensors:
        raise FormatError(f"{path}: holds no tensors by name: wants a state_dict")
    return {name: (value.float() if value.is_floating_point() else value).contiguous().numpy() for name, value in tensors.items()}


def as_imported(path, folder):
    """A file of PyTorch's as the files that `varphase import` reads.

    Args:
        path: .pt2, .pt or .pth
        folder: where they are written

    Returns:
        the path of the weights, and that of the spec or None
    """
    folder = pathlib.Path(folder)
    if os.fspath(path).endswith(".pt2"):
        from_exported(path).save(folder)
        return folder / "weights.npz", folder / "spec.json"
    np.savez(folder / "weights.npz", **state_dict_of(path))
    return folder / "weights.npz", None
