# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A training's epochs as TensorBoard's scalars."""

import os

from varphase.errors import UsageError
from varphase.listener import ProgressBar


class TensorBoard(ProgressBar):
    """Writes what every epoch gave as scalars, beside a progress bar: `train(..., listener=TensorBoard("logs/first"))`.

    Tags are nll, kl, log_alpha, dropped, images_per_second, accuracy/deterministic and the like, nll/ensemble; of members of one
    training with "03/" before them.

    Args:
        writer: a folder for event files (wants the package tensorboard), or an object with add_scalar(tag, value, step), such
            as one that hands them on to Weights & Biases
    """

    def __init__(self, writer):
        super().__init__()
        if isinstance(writer, (str, os.PathLike)):
            from torch.utils.tensorboard import SummaryWriter

            writer = SummaryWriter(os.fspath(writer))
        if not hasattr(writer, "add_scalar"):
            raise UsageError(f"{writer!r}: wants a folder, or an object with add_scalar(tag, value, step)")
        self.writer = writer

    def on_event(self, kind, what):
        super().on_event(kind, what)
        if kind == "epoch":
            prefix = f"{what['member']}/" if what.get("member") else ""
            for tag, value in _scalars(what):
                self.writer.add_scalar(prefix + tag, value, what["epoch"])
            if hasattr(self.writer, "flush"):
                self.writer.flush()


def _scalars(row):
    for name in ("nll", "kl", "log_alpha", "dropped", "images_per_second"):
        if row[name] is not None:
            yield name, row[name]
    for name, value in (row["scores"] or {}).items():
        quantity, _, estimator = name.partition("_")
        yield f"{quantity}/{estimator}", value
