# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Variance networks: train them, see their transition, prune them, from Python.

    import varphase
    varphase.train("runs/first", preset="quickstart")
    varphase.kappa("runs/first")
    varphase.transition("runs/first")
    run = varphase.Run("runs/first")
    run.plot_transition()

The functions are the program's verbs: the same names, defaults, files and bits. `varphase.nn` are the layers as PyTorch modules.
"""

import importlib
from typing import TYPE_CHECKING

from varphase import errors
from varphase._own_networks import import_, kappa
from varphase.errors import VarphaseError
from varphase.jobs import (
    attack,
    check,
    describe_data,
    evaluate,
    export,
    finetune,
    inspect,
    predict,
    prune,
    report,
    shift,
    sweep,
    train,
    transition,
)
from varphase.listener import Listener, ProgressBar

# What takes PyTorch, pandas or h5py to import, imported when it is asked for.
_LAZY = {
    "Run": ("varphase.run", "Run"),
    "TensorBoard": ("varphase.tensorboard", "TensorBoard"),
    "from_exported": ("varphase.exported", "from_exported"),
    "from_module": ("varphase.modules", "from_module"),
    "modules": ("varphase.modules", ""),
    "nn": ("varphase.nn", ""),
    "noise": ("varphase.noise", ""),
}
if TYPE_CHECKING:
    from varphase import modules, nn, noise
    from varphase.exported import from_exported
    from varphase.modules import from_module
    from varphase.run import Run
    from varphase.tensorboard import TensorBoard


def __getattr__(name):
    if name == "__version__":
        from importlib import metadata

        try:
            return metadata.version("varphase")
        except metadata.PackageNotFoundError:  # out of a build
            from varphase._extension import engine

            return engine().version()
    if name not in _LAZY:
        raise AttributeError(f"module 'varphase' has no attribute '{name}'")
    module, attribute = _LAZY[name]
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__():
    return sorted({*globals(), *__all__, "__version__"})


__all__ = [
    "Listener",
    "ProgressBar",
    "Run",
    "TensorBoard",
    "VarphaseError",
    "attack",
    "check",
    "describe_data",
    "errors",
    "evaluate",
    "export",
    "finetune",
    "from_exported",
    "from_module",
    "import_",
    "inspect",
    "kappa",
    "modules",
    "nn",
    "noise",
    "predict",
    "prune",
    "report",
    "shift",
    "sweep",
    "train",
    "transition",
]
