# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A network of PyTorch's as a spec and weights of ours, whatever it was read from, and the parts that no layer covers."""

import dataclasses
import json
import os
import pathlib

import numpy as np

from varphase import arrays, jobs
from varphase.errors import UnsupportedError
from varphase.nn.network import _STEMS
from varphase.run import Run


@dataclasses.dataclass
class Exchanged:
    """A network as a spec and weights.

    Attributes:
        spec: input, classes and layers, as docs/networks.md has them
        weights: arrays by our names, "dense1.weight"
        names: the module's names of the layers with weights, by ours: {"dense1": "fc1"}
    """

    spec: dict
    weights: dict
    names: dict

    def save(self, folder):
        """Writes spec.json and weights.npz, what `varphase import weights.npz --network spec.json` takes."""
        folder = pathlib.Path(os.fsdecode(folder))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "spec.json").write_text(json.dumps(self.spec, indent=2))
        np.savez(folder / "weights.npz", **self.weights)

    def to_run(self, run, data, **options):
        """Makes a run of it, for kappa, prune, evaluate and the like.

        Args:
            run: the folder to make
            data: the images: a path or a name, or arrays as docs/python.md has them
            options: of varphase.import_, such as normalize, pixel_mean, pixel_std, overwrite

        Returns:
            a varphase.Run
        """
        with arrays.temporary_folder() as folder:
            self.save(folder)
            jobs.import_(folder / "weights.npz", network=folder / "spec.json", run=run, data=data, **{"progress": False, **options})
        return Run(run)


class Gap(Exception):
    """A part that no layer of ours covers, and why."""


def refuse(name, gaps):
    """@raises UnsupportedError: where there are gaps, with all of them"""
    if gaps:
        raise UnsupportedError(f"{name}: parts that no layer covers (docs/networks.md has those that there are):"
                               + "".join(f"\n  {gap}" for gap in gaps))  # fmt: skip


def exchanged_of(images, classes, layers, owners, modules):
    """An Exchanged of a chain of layers. `images` is the shape of a batch of them, the rest as _named takes it."""
    shape = [int(extent) for extent in images[1:]]
    spec = {"input": shape if len(shape) == 3 else [1, 1, shape[0]], "classes": int(classes), "layers": layers}
    names, weights = _named(layers, owners, modules)
    return Exchanged(spec, weights, names)


def _named(layers, owners, modules):
    """Our names of the layers with weights, and their arrays by these. @raises UnsupportedError: weights of several layers"""
    names, weights, seen, owned = {}, {}, {}, {}
    for layer, owner in zip(layers, owners, strict=True):
        kind = layer if isinstance(layer, str) else next(iter(layer))
        stem = _STEMS.get(kind, kind)
        seen[stem] = seen.get(stem, 0) + 1
        if owner is None or not modules[owner].state_dict():
            continue
        name = f"{stem}{seen[stem]}"
        names[name] = owner
        for parameter in modules[owner].parameters():
            if id(parameter) in owned:
                raise UnsupportedError(f"{owner} and {owned[id(parameter)]} share weights, or are one layer that is used twice: layers of ours each have their own")
            owned[id(parameter)] = owner
        for key, value in modules[owner].state_dict().items():
            if key != "num_batches_tracked":
                weights[f"{name}.{key}"] = value.detach().cpu().float().numpy()
    return names, weights
