# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Who hears of a job while it runs."""

import json
import sys


class Listener:
    """Hears of a job while it runs, and does nothing: derive from it, and give it as `listener=`.

    All calls come from the thread that called the job. What a method raises ends the job and comes out of the call.
    """

    def begin(self, what, total, unit):
        """A piece of long work begins: `total` times `unit`, such as 600 "images"."""

    def advance(self, units):
        """So many more units are done."""

    def describe(self, what):
        """The running piece is another now: "epoch 3/24"."""

    def end(self):
        """The piece is done."""

    def note(self, text):
        """What a person wants to know before the result is there."""

    def on_event(self, kind, what):
        """Something happened: kind "started" (a training), "epoch", "diverged", "kappa" or "serving" (report's `watch`); `what` is a dict."""

    def event(self, kind, text):
        """Called by the engine, with `what` in JSON."""
        self.on_event(kind, json.loads(text))


class ProgressBar(Listener):
    """A tqdm bar in a terminal or a notebook; epochs and notes as lines above it.

    Args:
        always: draw the bar where there is no terminal either
    """

    def __init__(self, always=False):
        self._disable = False if always else None  # None: tqdm looks for a terminal
        self._bar = None
        self._shows = sys.stderr is not None and (always or sys.stderr.isatty() or "ipykernel" in sys.modules)

    def begin(self, what, total, unit):
        from tqdm.auto import tqdm

        disable = sys.stderr is None or (False if "ipykernel" in sys.modules else self._disable)
        self._bar = tqdm(total=total, desc=what, unit=" " + unit, disable=disable, leave=False, dynamic_ncols=True)

    def advance(self, units):
        if self._bar is not None:
            self._bar.update(units)

    def describe(self, what):
        if self._bar is not None:
            self._bar.set_description(what, refresh=False)

    def end(self):
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def note(self, text):
        if self._shows:
            from tqdm.auto import tqdm

            tqdm.write(text, file=sys.stderr)

    def on_event(self, kind, what):
        if kind == "epoch":
            self.note(epoch_line(what))
        elif kind == "serving":
            self.note(what["address"])


def epoch_line(row):
    """An epoch's dict as a line: `epoch 3: nll 512, kl 40.1, log alpha -4.2, deterministic 91.20 %, ensemble 91.00 %`."""
    member = f"{row['member']}: " if row.get("member") else ""
    parts = [f"nll {_number(row['nll'])}", f"kl {_number(row['kl'])}"]
    if row["log_alpha"] is not None:
        parts.append(f"log alpha {row['log_alpha']:.2f}")
    if row["scores"]:
        parts += [f"{name} {100 * row['scores']['accuracy_' + name]:.2f} %" for name in ("deterministic", "ensemble")]
    return f"{member}epoch {row['epoch']}: {', '.join(parts)}"


def _number(value):
    return "nan" if value is None else f"{value:.4g}"
