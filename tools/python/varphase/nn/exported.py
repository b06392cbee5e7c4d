# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A network as one file that PyTorch alone runs, without this package (torch.export)."""

import os
import pathlib

import torch
from torch import nn

from varphase.errors import FileError, UsageError
from varphase.nn.files import load
from varphase.nn.network import drawing


class _OfPixels(nn.Module):
    """A network behind its normalization."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network((images - self.network.pixel_mean) / self.network.pixel_std)


def export(source, out, mode="sampled", overwrite=False):
    """Writes a network as a program of torch.export, which `torch.export.load(out).module()` runs without this package.

    It takes images [N, C, H, W], float32, pixel / 255, and gives logits [N, classes]: in the mode "sampled" of one member of the
    ensemble, its noise drawn by PyTorch's generator anew at every call. The mean of many calls' probabilities is the ensemble's.

    Args:
        source: what varphase.nn.load takes; pruned layers become dense ones with their zeros
        out: the file to write, NAME.pt2
        mode: "sampled", "mean" or "zero_mean"
        overwrite: replace a file that is there

    Raises:
        FileError: a file that is there
        UsageError: another ending than .pt2
    """
    out = pathlib.Path(out)
    if out.suffix != ".pt2":
        raise UsageError(f"{out}: wants a name that ends in .pt2, as torch.export's files do")
    if out.exists() and not overwrite:
        raise FileError(f"{out}: there is a file already\n  overwrite=True replaces it")
    network = load(source, sparse=False)
    example = torch.zeros(2, *network.spec["input"])
    with drawing(network, mode), torch.no_grad():
        program = torch.export.export(_OfPixels(network).eval(), (example,), dynamic_shapes=({0: torch.export.Dim("images")},))
    unfinished = out.with_name(f".{out.stem}.tmp.{os.getpid()}.pt2")
    try:
        torch.export.save(program, unfinished)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
