# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Where a run's files lie."""

import pathlib
import re

from varphase.errors import FileError


def run_folder(path):
    """The folder of a run. @raises FileError: it is none"""
    folder = pathlib.Path(path)
    if not (folder / "config.json").is_file():
        members = (folder / "members.json").is_file()
        raise FileError(f"{folder}: no run: it has no config.json"
                        + (f"; its members are runs: {folder}/members/00" if members else ""))  # fmt: skip
    return folder


def epochs_in(folder):
    """Of the files of epochs in a folder, sorted."""
    found = (re.fullmatch(r"epoch_(\d+)\.h5", path.name) for path in folder.glob("epoch_*.h5"))
    return sorted(int(match.group(1)) for match in found if match)


def checkpoint_in(run, epoch=None):
    """The path of an epoch's checkpoint of a run's folder; None: of the last one. @raises FileError where there is none"""
    epochs = epochs_in(run / "checkpoints")
    if not epochs or (epoch is not None and epoch not in epochs):
        there = f"there are {epochs[0]} to {epochs[-1]}" if epochs else "the run has none"
        raise FileError(f"{run}: no checkpoint of epoch {epoch}: {there}")
    return str(run / f"checkpoints/epoch_{epochs[-1] if epoch is None else int(epoch):04}.h5")
