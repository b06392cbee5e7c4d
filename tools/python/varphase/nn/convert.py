# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Variance layers in place of a deterministic network's own."""

import torch
from torch import nn

from varphase.errors import UnsupportedError, UsageError
from varphase.nn.layers import VarianceConv2d, VarianceLinear
from varphase.nn.network import number_layers


def convert(module, layers=None, **options):
    """Makes variance layers of Linear and Conv2d layers, in place: their weights become the means, biases stay.

    Args:
        module: any module
        layers: names of the layers as named_modules() has them; None: every Linear and Conv2d
        options: parameterization, prior, log_alpha, log_sigma2, nu, of VarianceLinear

    Returns:
        the module; a new one where it is itself such a layer

    Raises:
        UsageError: a name that there is not
        UnsupportedError: a layer that is no Linear or Conv2d, of another padding mode than zeros, or with hooks
    """
    named = dict(module.named_modules())
    if layers is None:
        layers = [name for name, layer in named.items() if type(layer) in (nn.Linear, nn.Conv2d)]
    for name in [layers] if isinstance(layers, str) else layers:
        if name not in named:
            raise UsageError(f"no layer '{name}'; there are {', '.join(filter(None, named))}")
        layer = _variance_layer(name, named[name], options)
        if name == "":
            return layer
        for place, there in list(module.named_modules(remove_duplicate=False)):
            if there is named[name]:  # a layer may be used in several places
                parent, _, child = place.rpartition(".")
                setattr(module.get_submodule(parent), child, layer)
    number_layers(module)
    return module


def has_forward_hooks(module):
    """Whether what it computes may be changed from outside: weight norm and pruning do so."""
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _variance_layer(name, layer, options):
    if has_forward_hooks(layer):
        raise UnsupportedError(f"{name}: has forward hooks (weight norm, pruning or your own): remove them first")
    factory = {"device": layer.weight.device, "dtype": layer.weight.dtype} if hasattr(layer, "weight") else {}
    if type(layer) is nn.Linear:
        new = VarianceLinear(layer.in_features, layer.out_features, layer.bias is not None, **options, **factory)
    elif type(layer) is nn.Conv2d and layer.padding_mode == "zeros":
        new = VarianceConv2d(layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding,
                             layer.dilation, layer.groups, layer.bias is not None, **options, **factory)  # fmt: skip
    else:
        padding = f" with padding_mode {layer.padding_mode}" if isinstance(layer, nn.Conv2d) else ""
        raise UnsupportedError(f"{name}: {type(layer).__name__}{padding} has no variance layer; Linear and Conv2d have")
    with torch.no_grad():
        if new.has_mean:
            new.mean.copy_(layer.weight)
            new.mean.requires_grad_(layer.weight.requires_grad)
        if layer.bias is not None:
            new.bias.copy_(layer.bias)
            new.bias.requires_grad_(layer.bias.requires_grad)
        if new.parameterization == "additive" and options.get("log_sigma2") is None:
            # The spread that log_alpha gives to each weight that is there.
            new.log_sigma2.copy_((layer.weight.square() + 1e-16).log() + new.initial_log_alpha)
            new.project()
    return new.train(layer.training)
