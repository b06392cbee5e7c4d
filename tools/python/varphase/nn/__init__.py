# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Variance layers as PyTorch modules, and networks out of the program's files.

    net = varphase.nn.load("runs/first/pruned/95.h5")
    probabilities = varphase.nn.predict(net, images)             # uint8 images; the program's own noise

    net = varphase.nn.convert(my_network, layers=["fc1"])        # trains as any module:
    loss = len(train_set) * F.cross_entropy(net(x), y) + varphase.nn.kl(net)
    loss.backward(); optimizer.step(); varphase.nn.project(net)
"""

from varphase.nn.convert import convert
from varphase.nn.exported import export
from varphase.nn.files import load
from varphase.nn.layers import Dropout, GaussianDropout, RandomModule, VarianceConv2d, VarianceLayer, VarianceLinear
from varphase.nn.network import Network, drawing, kl, number_layers, of_spec, predict, project
from varphase.nn.sparse import SparseVarianceLayer

__all__ = [
    "Dropout",
    "GaussianDropout",
    "Network",
    "RandomModule",
    "SparseVarianceLayer",
    "VarianceConv2d",
    "VarianceLayer",
    "VarianceLinear",
    "convert",
    "drawing",
    "export",
    "kl",
    "load",
    "number_layers",
    "of_spec",
    "predict",
    "project",
]
