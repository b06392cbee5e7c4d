# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A spec's layer of each of PyTorch's modules that our layers cover. What a layer of ours cannot do as the module does is a Gap."""

import math

import torch
from torch import nn

from varphase.exchanged import Gap
from varphase.nn.convert import has_forward_hooks
from varphase.nn.layers import Dropout, GaussianDropout, VarianceConv2d, VarianceLinear
from varphase.nn.network import Abs


def _square(value, what):
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(set(pair)) != 1 or pair[0] is None:
        raise Gap(f"{what} {tuple(pair)} is not square")
    return int(pair[0])


def refuse_hooks(module):
    """@raises Gap: a module whose hooks may change what it computes"""
    if has_forward_hooks(module):
        raise Gap("it has forward hooks (weight norm, pruning or your own), which no layer has: remove them first")


def _want_images(shape):
    if len(shape) != 4:
        raise Gap(f"its input has shape {list(shape)}: [N, C, H, W] is covered")


def _conv(layer, kind, shape):
    _want_images(shape)
    if layer.groups != 1 or _square(layer.dilation, "dilation") != 1:
        raise Gap("groups and dilation are not covered")
    if isinstance(layer.padding, str) or getattr(layer, "padding_mode", "zeros") != "zeros":
        raise Gap(f"padding {layer.padding!r}, {getattr(layer, 'padding_mode', 'zeros')} is not covered: numbers of zeros are")
    return {kind: {"out": layer.out_channels, "kernel": _square(layer.kernel_size, "kernel"), "stride": _square(layer.stride, "stride"),
                   "padding": _square(layer.padding, "padding"), "bias": layer.bias is not None, **_variance(layer)}}  # fmt: skip


def _variance(layer):
    if not isinstance(layer, (VarianceLinear, VarianceConv2d)):
        return {}
    options = {"parameterization": layer.parameterization, "prior": layer.prior}
    return {**options, "nu": layer.nu} if layer.prior == "student_t" else options


def _dense(layer, kind, shape):
    if len(shape) != 2:
        raise Gap(f"its input has shape {list(shape)}: [N, features] is covered")
    return {kind: {"out": layer.out_features, "bias": layer.bias is not None, **_variance(layer)}}


def _norm(layer, shape):
    if len(shape) != (4 if isinstance(layer, nn.BatchNorm2d) else 2):
        raise Gap(f"its input has shape {list(shape)}: [N, features] and [N, C, H, W] are covered")
    if not layer.affine or not layer.track_running_stats:
        raise Gap("without weights or running statistics it is not covered")
    if layer.eps != 1e-5:
        raise Gap(f"eps {layer.eps} is not covered: 1e-5 is")
    if layer.momentum != 0.1:
        raise Gap(f"momentum {layer.momentum} is not covered: 0.1 is, which training on goes by; predictions do not need it: set it to 0.1")
    return "batch_norm"


def pool(kind, shape, size, stride, padding, ceil_mode=False, dilation=1, more=False):
    """@param more  whether there is what no pool of ours has: return_indices, divisor_override"""
    _want_images(shape)
    side = _square(size, "window")
    if stride is not None and _square(stride, "stride") != side:
        raise Gap(f"windows of {side} that step by {stride} are not covered: windows side by side are")
    if _square(padding, "padding") or ceil_mode or _square(dilation, "dilation") != 1:
        raise Gap("padding, dilation and ceil_mode of pools are not covered")
    if more:
        raise Gap("return_indices and divisor_override of pools are not covered")
    return {kind: side}


def adaptive(output, shape):
    _want_images(shape)
    if _square(output, "output") != 1 or shape[2] != shape[3]:
        raise Gap("only the mean of a whole square image is covered")
    return {"avg_pool": int(shape[2])}


def flat(shape, result):
    """@param result  the shape that comes out; images may be a number that is not known yet"""
    if len(result) != 2 or result[0] != shape[0] or result[1] != math.prod(shape[1:]):
        raise Gap(f"{list(shape)} to {list(result)} is not covered: [N, ...] to [N, features] is")
    return "flatten" if len(shape) != 2 else None


def leaky(slope):
    if slope != 0.01:
        raise Gap(f"slope {slope} is not covered: 0.01 is")
    return "leaky_relu"


def gelu(approximate):
    if approximate != "none":
        raise Gap("the approximation by tanh is not covered")
    return "gelu"


def softplus(beta, threshold):
    if threshold < 20:  # from 20 on it is the same number in float32
        raise Gap(f"threshold {threshold} is not covered: 20 and more is")
    return "softplus" if beta == 1 else {"softplus": float(beta)}


def softmax(dim, shape):
    if len(shape) != 2 or dim not in (1, -1, None):
        raise Gap(f"over dim {dim} of {list(shape)} it is not covered: over the classes of [N, classes] it is")
    return "logits"


def _flattened(start, end, shape):
    return flat(shape, torch.empty(shape, device="meta").flatten(start, end).shape)


# A spec's layer of a module and the shape of its input; None: nothing is left of it.
MODULES = {
    nn.Conv2d: lambda m, shape: _conv(m, "conv2d", shape),
    VarianceConv2d: lambda m, shape: _conv(m, "variance_conv2d", shape),
    nn.Linear: lambda m, shape: _dense(m, "dense", shape),
    VarianceLinear: lambda m, shape: _dense(m, "variance_dense", shape),
    nn.BatchNorm1d: lambda m, shape: _norm(m, shape),
    nn.BatchNorm2d: lambda m, shape: _norm(m, shape),
    nn.MaxPool2d: lambda m, shape: pool("max_pool", shape, m.kernel_size, m.stride, m.padding, m.ceil_mode, m.dilation, m.return_indices),
    nn.AvgPool2d: lambda m, shape: pool("avg_pool", shape, m.kernel_size, m.stride, m.padding, m.ceil_mode,
                                        more=m.divisor_override is not None),
    nn.AdaptiveAvgPool2d: lambda m, shape: adaptive(m.output_size, shape),
    nn.Flatten: lambda m, shape: _flattened(m.start_dim, m.end_dim, shape),
    nn.ReLU: lambda m, shape: "relu",
    nn.LeakyReLU: lambda m, shape: leaky(m.negative_slope),
    nn.Softplus: lambda m, shape: softplus(m.beta, m.threshold),
    nn.Tanh: lambda m, shape: "tanh",
    nn.Sigmoid: lambda m, shape: "sigmoid",
    nn.SiLU: lambda m, shape: "silu",
    nn.GELU: lambda m, shape: gelu(m.approximate),
    nn.Dropout: lambda m, shape: {"dropout": m.p},
    Dropout: lambda m, shape: {"dropout": m.p},
    GaussianDropout: lambda m, shape: {"gaussian_dropout": m.alpha},
    Abs: lambda m, shape: "abs",
    nn.Identity: lambda m, shape: None,
    # Logits are taken from before them, which give the same probabilities.
    nn.LogSoftmax: lambda m, shape: softmax(m.dim, shape),
    nn.Softmax: lambda m, shape: softmax(m.dim, shape),
}  # fmt: skip
