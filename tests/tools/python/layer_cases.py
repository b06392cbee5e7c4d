# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Layers of varphase.nn of every kind, parameterization and prior, and a spec of every layer."""

import torch

import varphase
from varphase.nn.layers import PARAMETERIZATIONS, PRIORS

SPEC_OF_EVERY_LAYER = {"input": [1, 8, 8], "classes": 4, "layers": [
    {"conv2d": {"out": 4, "kernel": 3, "padding": 1}}, "batch_norm", "leaky_relu", {"avg_pool": 2}, {"dropout": 0.3},
    {"variance_conv2d": {"out": 5, "kernel": 3, "padding": 1, "bias": True, "parameterization": "neuron"}}, "silu",
    {"max_pool": 2}, "flatten", {"gaussian_dropout": 0.2}, {"dense": {"out": 9}}, {"softplus": 2}, "gelu",
    {"variance_dense": {"out": 7, "parameterization": "zero_centred"}}, "abs",
    {"variance_dense": {"out": 6, "parameterization": "weight", "prior": "student_t"}}, "sigmoid", "tanh", "relu",
    {"dense": {"out": 4}}]}  # fmt: skip


def cases():
    """A layer of each kind for every parameterization and prior that go together, with and without a mask."""
    generator = torch.Generator().manual_seed(1)
    for kind in ("variance_dense", "variance_conv2d"):
        for parameterization in PARAMETERIZATIONS:
            for prior in PRIORS:
                if prior == "log_uniform_sampled" and parameterization == "zero_centred":
                    continue
                for masked in (False, True):
                    yield case(kind, parameterization, prior, masked, generator)
    # A prior that is no limit of the log-uniform one.
    for parameterization in PARAMETERIZATIONS:
        yield case("variance_dense", parameterization, "student_t", False, generator, nu=0.5)


def case(kind, parameterization, prior, masked, generator, nu=1e-16):
    """A module with drawn parameters in float64, and what the program is to be asked."""
    options = {"parameterization": parameterization, "prior": prior, "nu": nu}
    if kind == "variance_dense":
        shape, spec = [5], {"out": 3}
        module = varphase.nn.VarianceLinear(5, 3, bias=True, dtype=torch.float64, **options)
    else:
        shape, spec = [2, 6, 5], {"out": 3, "kernel": 3, "stride": 2, "padding": 1}
        module = varphase.nn.VarianceConv2d(2, 3, 3, 2, 1, bias=True, dtype=torch.float64, **options)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.normal_(generator=generator).mul_(3 if name.startswith("log") else 0.7)
    module.number = 4
    x = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    asked = {"kind": kind, "input": shape, "options": {**spec, **options, "bias": True}, "number": 4, "images": 2, "seed": 11,
             "x": x.flatten().tolist(), "parameters": {name: p.flatten().tolist() for name, p in module.named_parameters()}}  # fmt: skip
    if prior != "student_t":
        del asked["options"]["nu"]
    if masked:
        module.mask = torch.rand(module.weight_shape, generator=generator) > 0.4
        asked["mask"] = module.mask.flatten().double().tolist()
    return module, x, asked


def gradients(value, module):
    if not value.requires_grad:
        return {}
    names, parameters = zip(*module.named_parameters(), strict=True)
    found = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
    return {name: gradient for name, gradient in zip(names, found, strict=True) if gradient is not None}
