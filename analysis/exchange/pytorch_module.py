# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""@about@

A network out of Varphase. Python and PyTorch are all that this file wants:

    net = network()                     # a torch.nn.Module in eval mode
    net(images)                         # logits of one member of the ensemble, with new noise at every call
    predict(net, images, samples=50)    # the ensemble's class probabilities
    network(mode="mean")                # the same network at the means of its weights, without noise

Images are [N, C, H, W]: uint8, or float32 of pixel / 255. Normalization is inside. CLASSES are the classes' names, where they are known.
"""

import base64
import json
import math
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

CONFIG = json.loads("@config@")
SPEC, CLASSES = CONFIG["network"], CONFIG["data"].get("class_names", [])


def tensors():
    """The arrays of the layers by name: "dense1.mean"."""
    raw, found, at = bytearray(base64.b64decode(DATA)), {}, 0
    for name, kind, shape in TENSORS:
        count = math.prod(shape)
        dtype = getattr(torch, kind)
        found[name] = torch.frombuffer(raw, dtype=dtype, count=count, offset=at).reshape(shape).clone() if count else torch.empty(shape, dtype=dtype)
        at += count * dtype.itemsize
    return found


class Random(nn.Module):
    """What draws: mode "sampled"; "mean": no noise, weights at their means; "zero_mean": sampled, the means at zero."""

    mode = "sampled"


class Variance(Random):
    """A layer whose weights are N(mean, variance), sampled by local reparameterization. Of conv: stride and padding, else None."""

    def __init__(self, mean, variance, bias, conv):
        super().__init__()
        for name, values in (("mean", mean), ("variance", variance), ("bias", bias)):
            self.register_buffer(name, values)
        self.conv = conv

    def linear(self, x, weight, bias):
        return F.linear(x, weight, bias) if self.conv is None else F.conv2d(x, weight, bias, *self.conv)

    def forward(self, x):
        m = self.linear(x, torch.zeros_like(self.mean) if self.mode == "zero_mean" else self.mean, self.bias)
        if self.mode == "mean":
            return m
        v = self.linear(x.square(), self.variance, None)
        return m + torch.randn_like(m) * (v.clamp_min(0) + 1e-16).sqrt()


class Dropout(Random):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return x if self.mode == "mean" else F.dropout(x, self.p, True)


class GaussianDropout(Random):
    def __init__(self, alpha):
        super().__init__()
        self.alpha = alpha

    def forward(self, x):
        return x if self.mode == "mean" else x * (1 + math.sqrt(self.alpha) * torch.randn_like(x))


class Abs(nn.Module):
    def forward(self, x):
        return x.abs()


class Pixels(nn.Module):
    """Normalizes images."""

    def __init__(self):
        super().__init__()
        data, channels = CONFIG["data"], SPEC["input"][0]
        normalized = data.get("normalize", "none") != "none"
        self.register_buffer("mean", torch.tensor(data["pixel_mean"] if normalized else [0.0] * channels).reshape(-1, 1, 1))
        self.register_buffer("std", torch.tensor(data["pixel_std"] if normalized else [1.0] * channels).reshape(-1, 1, 1))

    def forward(self, images):
        images = images / 255 if images.dtype == torch.uint8 else images
        return (images - self.mean) / self.std


def variance_layer(own, shape, conv):
    """A layer of the arrays that files have for it."""
    if "crow_indices" in own:  # pruned: the kept weights alone
        rows = torch.repeat_interleave(torch.arange(shape[0]), own["crow_indices"].diff().long())

        def full(values):
            weights = torch.zeros(shape[0], math.prod(shape[1:]))
            weights[rows, own["col_indices"].long()] = values
            return weights.reshape(shape)

        mean = own["mean"] if "mean" in own else full(own["mean_values"])
        variance = full(own["variance_values"])
    else:
        mean = own.get("mean", torch.zeros(shape))
        variance = own["log_alpha"].exp() * mean.square() if "log_alpha" in own else own["log_sigma2"].exp()
        variance = variance * own.get("mask", 1)
    return Variance(mean, variance, own.get("bias"), conv)


def make(kind, options, shape, own):
    """A layer, and the shape of its output for an input of `shape`."""
    spatial = len(shape) == 3
    if kind in ("dense", "variance_dense"):
        inputs, out = math.prod(shape), options["out"]
        if kind == "dense":
            return nn.Linear(inputs, out, bias="bias" in own), [out]
        return variance_layer(own, [out, inputs], None), [out]
    if kind in ("conv2d", "variance_conv2d"):
        size, stride, padding, out = options.get("kernel", 3), options.get("stride", 1), options.get("padding", 0), options["out"]
        output = [out, *((extent + 2 * padding - size) // stride + 1 for extent in shape[1:])]
        if kind == "conv2d":
            return nn.Conv2d(shape[0], out, size, stride, padding, bias="bias" in own), output
        return variance_layer(own, [out, shape[0], size, size], (stride, padding)), output
    if kind in ("max_pool", "avg_pool"):
        pool = nn.MaxPool2d if kind == "max_pool" else nn.AvgPool2d
        return pool(options), [shape[0], shape[1] // options, shape[2] // options]
    if kind == "flatten":
        return nn.Flatten(), [math.prod(shape)]
    simple = {
        "batch_norm": lambda: (nn.BatchNorm2d if spatial else nn.BatchNorm1d)(shape[0]),
        "relu": nn.ReLU,
        "leaky_relu": lambda: nn.LeakyReLU(0.01),
        "softplus": lambda: nn.Softplus(options or 1.0, 40),
        "tanh": nn.Tanh,
        "sigmoid": nn.Sigmoid,
        "silu": nn.SiLU,
        "gelu": nn.GELU,
        "abs": Abs,
        "dropout": lambda: Dropout(options),
        "gaussian_dropout": lambda: GaussianDropout(options),
    }
    return simple[kind](), shape


def network(mode="sampled"):
    """The network. mode: "sampled", "mean" or "zero_mean"."""
    if mode not in ("sampled", "mean", "zero_mean"):
        raise ValueError(f"mode '{mode}': wants sampled, mean or zero_mean")
    arrays, layers, seen, shape = tensors(), OrderedDict(pixels=Pixels()), {}, list(SPEC["input"])
    for item in SPEC["layers"]:
        kind, options = next(iter(item.items())) if isinstance(item, dict) else (item, None)
        stem = {"conv2d": "conv", "variance_conv2d": "conv", "variance_dense": "dense"}.get(kind, kind)
        seen[stem] = seen.get(stem, 0) + 1
        name = f"{stem}{seen[stem]}"
        own = {key.split(".", 1)[1]: values for key, values in arrays.items() if key.split(".", 1)[0] == name}
        if stem == "dense" and len(shape) > 1:
            layers[f"{name}_rows"] = nn.Flatten()
        layer, shape = make(kind, options, shape, own)
        if not isinstance(layer, Variance) and own:
            layer.load_state_dict(own)
        if isinstance(layer, Random):
            layer.mode = mode
        layers[name] = layer
    return nn.Sequential(layers).eval()


@torch.no_grad()
def predict(net, images, samples=50):
    """The mean of the class probabilities of so many members, [N, classes]."""
    return sum(net(images).softmax(1) for _ in range(samples)) / samples


TENSORS = ["@tensors@"]
DATA = """
@data@"""
