# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Networks of specs as modules, and their predictions by the program's noise."""

import contextlib
import math

import numpy as np
import torch
from torch import nn

from varphase import noise
from varphase.nn.layers import MODES, Dropout, GaussianDropout, RandomModule, VarianceConv2d, VarianceLayer, VarianceLinear

_STEMS = {"conv2d": "conv", "variance_conv2d": "conv", "dense": "dense", "variance_dense": "dense"}


class Abs(nn.Module):
    """The absolute value: `abs` of a spec."""

    def forward(self, x):
        return x.abs()


class Network(nn.Sequential):
    """A network of a spec (docs/networks.md) as a module, its layers by the names that files give them.

    Attributes:
        spec: the spec, a dict
        config: the whole configuration of the run that it comes from, or None
        class_names: names of the classes, or an empty list
    """

    def __init__(self, spec, layers, config=None):
        super().__init__(layers)
        self.spec, self.config = spec, config
        data = (config or {}).get("data", {})
        self.class_names = data.get("class_names", [])
        channels = spec["input"][0]
        mean, std = data.get("pixel_mean") or [0.0] * channels, data.get("pixel_std") or [1.0] * channels
        self.register_buffer("pixel_mean", torch.tensor(mean).reshape(-1, 1, 1), persistent=False)
        self.register_buffer("pixel_std", torch.tensor(std).reshape(-1, 1, 1), persistent=False)

    def normalize(self, images):
        """uint8 images [N, C, H, W] or [N, H, W] as the network takes them: (pixel / 255 - mean) / std, float32."""
        images = torch.as_tensor(images).to(self.pixel_mean.device)
        if images.dim() == 3:
            images = images.unsqueeze(1)
        return (images.float() / 255 - self.pixel_mean) / self.pixel_std

    def kl(self):
        """KL of all variance layers to their priors, the sum in nats."""
        return kl(self)


def kl(module):
    """KL of all variance layers of a module to their priors, the sum in nats, a 0-d tensor."""
    total = None
    for layer in module.modules():
        if isinstance(layer, VarianceLayer):
            term = layer.kl()
            total = term if total is None else total + term
    return torch.zeros(()) if total is None else total


def project(module):
    """Brings log alpha and log sigma^2 of all variance layers back into their intervals: after an optimizer's step."""
    for layer in module.modules():
        if isinstance(layer, VarianceLayer):
            layer.project()


def make_layer(kind, options, shape):
    """A module of a spec's layer. @param shape  of its input, without images @return it, and its output's shape"""
    if kind in ("dense", "variance_dense"):
        return _dense(kind, options, shape)
    if kind in ("conv2d", "variance_conv2d"):
        return _conv(kind, options, shape)
    if kind == "batch_norm":
        return (nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d)(shape[0]), shape
    if kind in ("max_pool", "avg_pool"):
        module = (nn.MaxPool2d if kind == "max_pool" else nn.AvgPool2d)(options)
        return module, [shape[0], shape[1] // options, shape[2] // options]
    if kind == "flatten":
        return nn.Flatten(), [math.prod(shape)]
    simple = {"relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.01), "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
              "silu": nn.SiLU, "gelu": nn.GELU, "abs": Abs, "softplus": lambda: nn.Softplus(options or 1.0, 40),
              "dropout": lambda: Dropout(options), "gaussian_dropout": lambda: GaussianDropout(options)}  # fmt: skip
    if kind not in simple:
        raise ValueError(f"layer '{kind}': this package has no module for it; known are {', '.join([*_STEMS, 'batch_norm', *simple])}")
    return simple[kind](), shape


def _variance_options(options):
    return {name: options[name] for name in ("parameterization", "prior", "log_alpha", "log_sigma2", "nu") if name in options}


def _dense(kind, options, shape):
    inputs = math.prod(shape)
    if kind == "dense":
        return nn.Linear(inputs, options["out"], bias=options.get("bias", True)), [options["out"]]
    module = VarianceLinear(inputs, options["out"], options.get("bias", False), **_variance_options(options))
    return module, [options["out"]]


def _conv(kind, options, shape):
    size, stride, padding = options.get("kernel", 3), options.get("stride", 1), options.get("padding", 0)
    arguments = (shape[0], options["out"], size, stride, padding)
    if kind == "conv2d":
        module = nn.Conv2d(*arguments, bias=options.get("bias", True))
    else:
        module = VarianceConv2d(*arguments, bias=options.get("bias", False), **_variance_options(options))
    height, width = ((extent + 2 * padding - size) // stride + 1 for extent in shape[1:])
    return module, [options["out"], height, width]


def of_spec(spec, config=None):
    """A Network of a spec, with initial values by PyTorch's generator.

    Args:
        spec: a dict as a network's JSON file has it: input, classes, layers
        config: the run's whole configuration, where there is one
    """
    modules, seen, shape = {}, {}, list(spec["input"])
    for number, item in enumerate(spec["layers"]):
        kind, options = next(iter(item.items())) if isinstance(item, dict) else (item, None)
        options = {} if options is None and kind in _STEMS else options
        module, output = make_layer(kind, options, shape)
        stem = _STEMS.get(kind, kind)
        seen[stem] = seen.get(stem, 0) + 1
        name = f"{stem}{seen[stem]}"
        if stem == "dense" and len(shape) > 1:
            modules[f"{name}_rows"] = nn.Flatten()
        if isinstance(module, RandomModule):
            module.number = number
        modules[name], shape = module, output
    from collections import OrderedDict

    return Network(spec, OrderedDict(modules), config)


def _random(module):
    return [layer for layer in module.modules() if isinstance(layer, RandomModule)]


@contextlib.contextmanager
def drawing(module, mode="sampled", draw=None):
    """Within it the random layers of a module run in a mode, with the numbers of a noise.Draw.

    Args:
        mode: "sampled", "mean" or "zero_mean"
        draw: None: PyTorch's generator
    """
    if mode not in MODES:
        raise ValueError(f"mode '{mode}': wants one of {', '.join(MODES)}")
    layers = _random(module)
    before = [(layer.mode, layer.draw) for layer in layers]
    for layer in layers:
        layer.mode, layer.draw = mode, draw
    try:
        yield module
    finally:
        for layer, (old_mode, old_draw) in zip(layers, before, strict=True):
            layer.mode, layer.draw = old_mode, old_draw


def number_layers(module):
    """Gives the random layers of a module their places in order, which key their noise."""
    for number, layer in enumerate(_random(module)):
        layer.number = number


@torch.no_grad()
def predict(network, images, mode="ensemble", samples=50, seed=1, split="test", first=0, batch=None):
    """Class probabilities as `varphase predict` and `eval` compute them: batch norms by their running statistics, the same noise.

    Args:
        network: a module; of one that is no Network call number_layers first
        images: uint8 [N, C, H, W] or [N, H, W] where the network normalizes; else what it takes, float
        mode: "ensemble" (the mean of `samples` draws' probabilities), "deterministic", "stochastic", "zero_mean"
        samples: members of the ensemble
        seed: of the noise
        split: "test", "train" or "validation": images of the same number have other noise in each
        first: number of the first image, which keys its noise
        batch: images at a time; None: as many as make 4,096 rows with their members

    Returns:
        float32 [N, classes], on the network's device
    """
    estimators = {"ensemble": "sampled", "deterministic": "mean", "stochastic": "sampled", "zero_mean": "zero_mean"}
    if mode not in estimators:
        raise ValueError(f"mode '{mode}': wants one of {', '.join(estimators)}")
    if split not in noise.SPLITS:
        raise ValueError(f"split '{split}': wants one of {', '.join(noise.SPLITS)}")
    if samples < 1 or not len(images):
        raise ValueError(f"{samples} samples of {len(images)} images: wants one of each at least")
    members = samples if mode in ("ensemble", "zero_mean") and _random(network) else 1
    modes = [(each, each.training) for each in network.modules()]
    network.eval()
    try:
        batch = batch or max(1, 4096 // members)
        parts = [_members(network, images[start : start + batch], estimators[mode], members, first + start,
                          noise.Key(seed, "evaluation", 0, noise.SPLITS[split]))
                 for start in range(0, len(images), batch)]  # fmt: skip
        return torch.cat(parts).exp()
    finally:
        for each, training in modes:
            each.training = training


def _parted(network):
    """A chain's layers before the first that draws, and the others; of any other module: nothing, and all of it."""
    if not isinstance(network, nn.Sequential):
        return nn.Identity(), network
    layers = list(network)
    first = next((i for i, layer in enumerate(layers) if _random(layer)), 0)
    return nn.Sequential(*layers[:first]), nn.Sequential(*layers[first:])


def _members(network, images, mode, members, first, key):
    """Log of the mean probability, [N, classes]; row n * K + k is image n seen by member k."""
    if isinstance(images, np.ndarray):
        images = torch.from_numpy(images)
    weight = next(network.parameters(), images)
    x = network.normalize(images) if images.dtype == torch.uint8 else images.to(weight.device, weight.dtype)
    count = x.shape[0]
    draw = None
    if mode != "mean":
        # What lies before the noise is the same for all members.
        trunk, network = _parted(network)
        x = trunk(x).repeat_interleave(members, 0)
        example = torch.arange(first, first + count, device=x.device).repeat_interleave(members)
        draw = noise.Draw(key, example, torch.arange(members, device=x.device).repeat(count))
    with drawing(network, mode, draw):
        log_p = network(x).log_softmax(1)
    rows = 1 if mode == "mean" else members
    return log_p.reshape(count, rows, -1).logsumexp(1) - math.log(rows)
