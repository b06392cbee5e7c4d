# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A user's own PyTorch network as a spec and weights of ours, and what the jobs say of it."""

import dataclasses
import operator

import numpy as np
import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional as F

from varphase import arrays
from varphase.errors import UnsupportedError
from varphase.exchanged import exchanged_of, Gap, refuse
from varphase.nn.layers import Dropout, GaussianDropout, VarianceConv2d, VarianceLinear
from varphase.nn.network import Abs


class _Tracer(fx.Tracer):
    """Traces down to PyTorch's modules and ours."""

    def is_leaf_module(self, module, name):
        return module.__module__.startswith("varphase.nn") or super().is_leaf_module(module, name)


def _square(value, what):
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if pair[0] != pair[1]:
        raise Gap(f"{what} {tuple(pair)} is not square")
    return int(pair[0])


def _conv(layer, kind):
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


def _norm(layer):
    if not layer.affine or not layer.track_running_stats:
        raise Gap("without weights or running statistics it is not covered")
    if layer.eps != 1e-5:
        raise Gap(f"eps {layer.eps} is not covered: 1e-5 is")
    return "batch_norm"


def _pool(kind, size, stride, padding, ceil_mode=False, dilation=1):
    side = _square(size, "window")
    if stride is not None and _square(stride, "stride") != side:
        raise Gap(f"windows of {side} that step by {stride} are not covered: windows side by side are")
    if _square(padding, "padding") or ceil_mode or _square(dilation, "dilation") != 1:
        raise Gap("padding, dilation and ceil_mode of pools are not covered")
    return {kind: side}


def _adaptive(output, shape):
    if _square(output, "output") != 1 or shape[2] != shape[3]:
        raise Gap("only the mean of a whole square image is covered")
    return {"avg_pool": int(shape[2])}


def _flat(shape, result):
    if len(result) != 2 or result[0] != shape[0]:
        raise Gap(f"{list(shape)} to {list(result)} is not covered: [N, ...] to [N, features] is")
    return "flatten" if len(shape) != 2 else None


def _leaky(slope):
    if slope != 0.01:
        raise Gap(f"slope {slope} is not covered: 0.01 is")
    return "leaky_relu"


def _gelu(approximate):
    if approximate != "none":
        raise Gap("the approximation by tanh is not covered")
    return "gelu"


def _softplus(beta):
    return "softplus" if beta == 1 else {"softplus": float(beta)}


# A spec's layer of a module and the shape of its input; None: nothing is left of it.
_MODULES = {
    nn.Conv2d: lambda m, shape: _conv(m, "conv2d"),
    VarianceConv2d: lambda m, shape: _conv(m, "variance_conv2d"),
    nn.Linear: lambda m, shape: _dense(m, "dense", shape),
    VarianceLinear: lambda m, shape: _dense(m, "variance_dense", shape),
    nn.BatchNorm1d: lambda m, shape: _norm(m),
    nn.BatchNorm2d: lambda m, shape: _norm(m),
    nn.MaxPool2d: lambda m, shape: _pool("max_pool", m.kernel_size, m.stride, m.padding, m.ceil_mode, m.dilation),
    nn.AvgPool2d: lambda m, shape: _pool("avg_pool", m.kernel_size, m.stride, m.padding, m.ceil_mode),
    nn.AdaptiveAvgPool2d: lambda m, shape: _adaptive(m.output_size, shape),
    nn.Flatten: lambda m, shape: _flat(shape, [shape[0], int(np.prod(shape[1:]))]) if m.start_dim == 1 and m.end_dim == -1
                else _flat(shape, shape),
    nn.ReLU: lambda m, shape: "relu",
    nn.LeakyReLU: lambda m, shape: _leaky(m.negative_slope),
    nn.Softplus: lambda m, shape: _softplus(m.beta),
    nn.Tanh: lambda m, shape: "tanh",
    nn.Sigmoid: lambda m, shape: "sigmoid",
    nn.SiLU: lambda m, shape: "silu",
    nn.GELU: lambda m, shape: _gelu(m.approximate),
    nn.Dropout: lambda m, shape: {"dropout": m.p},
    Dropout: lambda m, shape: {"dropout": m.p},
    GaussianDropout: lambda m, shape: {"gaussian_dropout": m.alpha},
    Abs: lambda m, shape: "abs",
    nn.Identity: lambda m, shape: None,
    # Logits are taken from before them, which give the same probabilities.
    nn.LogSoftmax: lambda m, shape: "logits",
    nn.Softmax: lambda m, shape: "logits",
}  # fmt: skip


def _argument(node, place, name, default):
    return node.args[place] if len(node.args) > place else node.kwargs.get(name, default)


def _pool_call(kind):
    def found(node, shape, result):
        size = _argument(node, 1, "kernel_size", None)
        dilation = _argument(node, 4, "dilation", 1) if kind == "max_pool" else 1
        ceil = _argument(node, 5 if kind == "max_pool" else 4, "ceil_mode", False)
        return _pool(kind, size, _argument(node, 2, "stride", None), _argument(node, 3, "padding", 0), ceil, dilation)

    return found


def _flat_call(node, shape, result):
    return _flat(shape, result)


# The same of functions and of tensors' methods: by node, shape of the input, shape of the result.
_FUNCTIONS = {
    **dict.fromkeys([F.relu, torch.relu, "relu", "relu_", F.relu_], lambda node, shape, result: "relu"),
    **dict.fromkeys([torch.tanh, F.tanh, "tanh"], lambda node, shape, result: "tanh"),
    **dict.fromkeys([torch.sigmoid, F.sigmoid, "sigmoid"], lambda node, shape, result: "sigmoid"),
    **dict.fromkeys([torch.abs, "abs"], lambda node, shape, result: "abs"),
    F.silu: lambda node, shape, result: "silu",
    F.gelu: lambda node, shape, result: _gelu(_argument(node, 1, "approximate", "none")),
    F.leaky_relu: lambda node, shape, result: _leaky(_argument(node, 1, "negative_slope", 0.01)),
    F.softplus: lambda node, shape, result: _softplus(_argument(node, 1, "beta", 1)),
    F.dropout: lambda node, shape, result: {"dropout": _argument(node, 1, "p", 0.5)},
    **dict.fromkeys([F.max_pool2d, torch.max_pool2d], _pool_call("max_pool")),
    F.avg_pool2d: _pool_call("avg_pool"),
    F.adaptive_avg_pool2d: lambda node, shape, result: _adaptive(_argument(node, 1, "output_size", None), shape),
    **dict.fromkeys([torch.flatten, "flatten", "view", "reshape", torch.reshape], _flat_call),
    **dict.fromkeys([F.log_softmax, F.softmax, torch.log_softmax, torch.softmax, "log_softmax", "softmax"],
                    lambda node, shape, result: "logits"),
    "contiguous": lambda node, shape, result: None,
}  # fmt: skip


def _shape(node):
    meta = node.meta.get("tensor_meta")
    return None if meta is None or not hasattr(meta, "shape") else tuple(meta.shape)


def _what(node, modules):
    if node.op == "call_module":
        return f"{node.target}: {type(modules[node.target]).__name__}"
    return f"{node.name}: {node.target if isinstance(node.target, str) else getattr(node.target, '__name__', node.target)}"


def _layer_of(node, modules):
    """The spec's layer of a node. @raises Gap"""
    sources = [source for source in node.all_input_nodes if _shape(source) is not None]
    if len(sources) != 1:
        raise Gap(f"it joins {len(sources)} tensors: a network of ours is a chain of layers" if sources else "it computes without the images")
    shape = _shape(sources[0])
    if node.op == "call_module":
        made = _MODULES.get(type(modules[node.target]))
        if made is None:
            raise Gap("there is no layer for it")
        return made(modules[node.target], shape)
    made = _FUNCTIONS.get(node.target)
    if made is None:
        raise Gap("there is no layer for it")
    return made(node, shape, _shape(node))


def from_module(module, example):
    """A user's network as a spec and weights of ours, by torch.fx; the module stays as it is.

    Args:
        module: any traceable module whose forward is a chain of layers, varphase.nn's among them
        example: images as it takes them, [N, C, H, W] or [N, features]; only their shape counts

    Returns:
        an Exchanged

    Raises:
        UnsupportedError: naming each part that no layer of ours covers, and why
    """
    modes = [(each, each.training) for each in module.modules()]
    try:
        return _exchanged(module.eval(), example)
    finally:
        for each, training in modes:
            each.training = training


def _exchanged(module, example):
    """from_module of one in eval mode."""
    tracer = _Tracer()
    try:
        graph = tracer.trace(module)
    except Exception as error:  # fx has no class of its own for what it cannot trace
        raise UnsupportedError(f"{type(module).__name__}: torch.fx cannot trace it: {error}") from error
    traced = fx.GraphModule(module, graph)
    with torch.no_grad():
        ShapeProp(traced).propagate(example[:2])
    modules = dict(traced.named_modules())
    layers, owners, gaps = _chain(graph, modules)
    refuse(type(module).__name__, gaps)
    with torch.no_grad():
        classes = int(module(example[:1]).shape[1])
    return exchanged_of(example.shape, classes, layers, owners, modules)


def _chain(graph, modules):
    """Layers of the spec, the module behind each, and what is not covered."""
    layers, owners, gaps, ended = [], [], [], False
    wanted = _tensor_nodes(graph)
    for node in graph.nodes:
        if node not in wanted or node.op in ("placeholder", "output"):
            continue
        try:
            if node.op == "get_attr":
                raise Gap("a parameter of the module's own")
            if len([user for user in node.users if user in wanted]) > 1:
                raise Gap("it is used more than once: a network of ours is a chain of layers")
            layer = _layer_of(node, modules)
            if ended and layer is not None:
                raise Gap("it follows a softmax")
        except Gap as gap:
            gaps.append(f"{_what(node, modules)}: {gap}")
            continue
        if layer == "logits":
            ended = True
        elif layer is not None:
            layers.append(layer)
            owners.append(node.target if node.op == "call_module" else None)
    return layers, owners, gaps


def _tensor_nodes(graph):
    """Nodes that carry tensors, not sizes."""
    sizes = {operator.getitem, getattr, "size", "dim"}
    return {node for node in graph.nodes if node.op in ("placeholder", "output", "call_module", "get_attr")
            or (_shape(node) is not None and node.target not in sizes)}  # fmt: skip


@dataclasses.dataclass
class ModuleKappa:
    """Curvature of a module's layers with weights, by the module's own names, arrays of the weights' shapes.

    Attributes:
        hessian_diagonal: second derivative of the negative log-likelihood (nats), summed over the images
        kappa: sigma^2 times it, signed, of the variance layers
        report: what varphase.kappa returns of a run
    """

    hessian_diagonal: dict
    kappa: dict
    report: dict


def kappa(module, data, *, example=None, **options):
    """The exact diagonal Hessian of a module's weights, and kappa of its variance layers: varphase.kappa(module, data=...).

    Args:
        module: what from_module takes
        data: (images, labels), a Dataset or an iterable of batches; images are pixels (docs/python.md)
        example: images as the module takes them; None: [N, C, H, W] as those of `data`
        options: normalize, pixel_mean, pixel_std as import_ has them; method, layer (the module's names), smooth, max_seconds,
            device, threads and the like as varphase.kappa has them

    Returns:
        a ModuleKappa
    """
    import h5py

    from varphase.jobs import kappa as make_maps

    images, labels = arrays.labelled(data)
    if example is None:
        # Only its shape counts. [N, H, W] has one channel; of [N, H, W, C] the module's own order is not known.
        channels = images.shape[1] if images.ndim == 4 else 1
        example = next(module.parameters()).new_zeros((2, channels, *images.shape[-2:]))
    exchanged = from_module(module, example)
    ours = {theirs: name for name, theirs in exchanged.names.items()}
    reading = {name: options.pop(name) for name in ("normalize", "pixel_mean", "pixel_std") if name in options}
    if "layer" in options:
        wanted = [options["layer"]] if isinstance(options["layer"], str) else options["layer"]
        options["layer"] = [ours.get(name, name) for name in wanted]
    with arrays.temporary_folder() as folder, arrays.held_set((images, labels)) as name:
        run = exchanged.to_run(folder / "run", name, **reading)
        report = make_maps(run, epoch="last", **{"layer": "all", **options})
        (path,) = [path for path in (folder / "run/kappa").rglob("*.h5") if "classes" not in path.parts]
        found = ModuleKappa({}, {}, report)
        with h5py.File(path) as file:
            for name, group in file["layers"].items():
                theirs, hessian = exchanged.names[name], group["hessian_diagonal"][:]
                found.hessian_diagonal[theirs] = hessian
                if "variance" in group:
                    found.kappa[theirs] = hessian.astype(np.float64) * group["variance"][:]
    return found
