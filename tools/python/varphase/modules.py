# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A user's own PyTorch network as a spec and weights of ours, and what the jobs say of it."""

import contextlib
import dataclasses
import io

import numpy as np
import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional as F

from varphase import arrays, covered, jobs
from varphase.errors import ShapeError, UnsupportedError, UsageError
from varphase.exchanged import exchanged_of, Gap, refuse


class _Tracer(fx.Tracer):
    """Traces down to PyTorch's modules and ours."""

    def is_leaf_module(self, module, name):
        return module.__module__.startswith("varphase.nn") or super().is_leaf_module(module, name)


def _argument(node, place, name, default):
    return node.args[place] if len(node.args) > place else node.kwargs.get(name, default)


def _pool_call(kind):
    def found(node, shape, result):
        size = _argument(node, 1, "kernel_size", None)
        stride, padding = _argument(node, 2, "stride", None), _argument(node, 3, "padding", 0)
        if kind == "max_pool":
            return covered.pool(kind, shape, size, stride, padding, _argument(node, 5, "ceil_mode", False), _argument(node, 4, "dilation", 1),
                                _argument(node, 6, "return_indices", False))  # fmt: skip
        return covered.pool(kind, shape, size, stride, padding, _argument(node, 4, "ceil_mode", False),
                            more=_argument(node, 6, "divisor_override", None) is not None)  # fmt: skip

    return found


def _flat_call(node, shape, result):
    return covered.flat(shape, result)


def _softmax_call(node, shape, result):
    return covered.softmax(_argument(node, 1, "dim", None), shape)


def _dropout_call(node, shape, result):
    if _argument(node, 2, "training", True):
        raise Gap("it drops in evaluation too: F.dropout(x, p, self.training) is covered, and varphase.nn.Dropout")
    return {"dropout": _argument(node, 1, "p", 0.5)}


# The same of functions and of tensors' methods: by node, shape of the input, shape of the result.
_FUNCTIONS = {
    **dict.fromkeys([F.relu, torch.relu, "relu", "relu_", F.relu_], lambda node, shape, result: "relu"),
    **dict.fromkeys([torch.tanh, F.tanh, "tanh"], lambda node, shape, result: "tanh"),
    **dict.fromkeys([torch.sigmoid, F.sigmoid, "sigmoid"], lambda node, shape, result: "sigmoid"),
    **dict.fromkeys([torch.abs, "abs"], lambda node, shape, result: "abs"),
    F.silu: lambda node, shape, result: "silu",
    F.gelu: lambda node, shape, result: covered.gelu(_argument(node, 1, "approximate", "none")),
    F.leaky_relu: lambda node, shape, result: covered.leaky(_argument(node, 1, "negative_slope", 0.01)),
    F.softplus: lambda node, shape, result: covered.softplus(_argument(node, 1, "beta", 1), _argument(node, 2, "threshold", 20)),
    F.dropout: _dropout_call,
    **dict.fromkeys([F.max_pool2d, torch.max_pool2d], _pool_call("max_pool")),
    F.avg_pool2d: _pool_call("avg_pool"),
    F.adaptive_avg_pool2d: lambda node, shape, result: covered.adaptive(_argument(node, 1, "output_size", None), shape),
    **dict.fromkeys([torch.flatten, "flatten", "view", "reshape", torch.reshape], _flat_call),
    **dict.fromkeys([F.log_softmax, F.softmax, torch.log_softmax, torch.softmax, "log_softmax", "softmax"], _softmax_call),
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
    sources = [source for source in node.all_input_nodes if "tensor_meta" in source.meta]
    if len(sources) != 1:
        raise Gap(f"it joins {len(sources)} tensors: a network of ours is a chain of layers" if sources else "it computes without the images")
    shape = _shape(sources[0])
    if shape is None:
        raise Gap("it takes one of several tensors")
    if node.op == "call_module":
        covered.refuse_hooks(modules[node.target])
        made = covered.MODULES.get(type(modules[node.target]))
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
    module = getattr(module, "_orig_mod", module)  # of torch.compile: the user's own
    if not isinstance(module, nn.Module):
        raise UsageError(f"{module!r}: wants a torch.nn.Module")
    if any(values.is_meta for values in module.state_dict().values() if values is not None):
        raise UsageError(f"{type(module).__name__}: has weights without values: a lazy layer, or the device meta")
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
    images = _like_its_own(module, example)
    try:
        # fx prints what it raises as well.
        with torch.no_grad(), contextlib.redirect_stderr(io.StringIO()):
            ShapeProp(traced).propagate(images)
    except Exception as error:  # whatever a module's own code raises
        raise ShapeError(f"{type(module).__name__}: cannot run images of shape {list(images.shape)}: {_cause(error)}") from error
    modules = dict(traced.named_modules())
    layers, owners, gaps = _chain(graph, modules)
    gaps += _unchained(module, graph)
    refuse(type(module).__name__, gaps)
    return exchanged_of(images.shape, _shape(_result(graph))[1], layers, owners, modules)


def _like_its_own(module, example):
    """Two images of the example's shape, of the type and on the device of the module's weights."""
    shape = getattr(example, "shape", None)
    if shape is None or len(shape) not in (2, 4):
        raise ShapeError(f"example: {type(example).__name__ if shape is None else list(shape)}: wants images, [N, C, H, W] or [N, features]")
    weight = next(module.parameters(), torch.empty(0))
    return torch.zeros((2, *shape[1:]), dtype=weight.dtype, device=weight.device)


def _cause(error):
    """What a module's code said, without what fx adds to it."""
    return str(error.__cause__ or error).split("\n")[0]


def _result(graph):
    """The node that is the module's result, or None where that is no single tensor."""
    (result,) = next(node for node in graph.nodes if node.op == "output").args
    return result if isinstance(result, fx.Node) and _shape(result) is not None else None


def _unchained(module, graph):
    """What is not covered of the module as a whole."""
    try:
        covered.refuse_hooks(module)
        result = _result(graph)
        if result is None or len(_shape(result)) != 2:
            raise Gap("its result is no tensor of logits [N, classes]" + ("" if result is None else f", but {list(_shape(result))}"))
    except Gap as gap:
        return [f"the module itself: {gap}"]
    return []


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
    return {node for node in graph.nodes if node.op in ("placeholder", "output", "call_module", "get_attr") or "tensor_meta" in node.meta}


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

    images, labels = arrays.labelled(data)
    if next(module.parameters(), None) is None:
        raise UnsupportedError(f"{type(module).__name__}: has no weights")
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
        report = jobs.kappa(run, epoch="last", **{"layer": "all", **options})
        (path,) = [path for path in (folder / "run/kappa").rglob("*.h5") if "classes" not in path.parts]
        found = ModuleKappa({}, {}, report)
        with h5py.File(path) as file:
            for name, group in file["layers"].items():
                theirs, hessian = exchanged.names[name], group["hessian_diagonal"][:]
                found.hessian_diagonal[theirs] = hessian
                if "variance" in group:
                    found.kappa[theirs] = hessian.astype(np.float64) * group["variance"][:]
    return found
