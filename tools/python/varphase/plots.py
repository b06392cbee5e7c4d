# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Figures of a run by matplotlib, as wide as a paper's column (3.4 inches) unless axes are given."""

import io

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.figure import Figure

from varphase.choice import only
from varphase.errors import FileError, UsageError

COLUMN = (3.4, 2.5)  # inches
_STYLE = {"font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "legend.fontsize": 7, "lines.linewidth": 1.2,
          "axes.spines.top": False, "savefig.bbox": "tight", "savefig.dpi": 300}  # fmt: skip


class RunFigure(Figure):
    """A figure that a notebook shows without pyplot, which keeps every figure that it made."""

    def _repr_png_(self):
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=150)
        return buffer.getvalue()


def _axes(axes):
    """Axes to draw into: those given, or the only ones of a new figure."""
    return RunFigure(figsize=COLUMN, layout="constrained").add_subplot() if axes is None else axes


def transition(run, axes=None):
    """Accuracies by epoch, and on the right the share of weights over kappa_0."""
    table, summary = run.transition, run.transition_summary
    with rc_context(_STYLE):
        axes = _axes(axes)
        evaluated = table.dropna(subset=["accuracy_deterministic"])
        axes.plot(evaluated["epoch"], 100 * evaluated["accuracy_ensemble"], color="tab:blue", label="ensemble")
        axes.plot(evaluated["epoch"], 100 * evaluated["accuracy_deterministic"], color="tab:red", label="deterministic")
        for name, style in (("onset", ":"), ("gap", "--")):
            if summary.get(name) is not None:
                axes.axvline(summary[name], color="0.6", linestyle=style, linewidth=0.8, label=name)
        axes.set(xlabel="epoch", ylabel="test accuracy, %")
        counted = table.dropna(subset=["over_total"]) if "over_total" in table else table.iloc[:0]
        if len(counted):
            right = axes.twinx()
            right.plot(counted["epoch"], counted["over_total"], color="tab:green", linestyle="-.",
                       label=f"weights over $\\kappa_0$ = $10^{{{summary['log10_kappa0']:g}}}$")  # fmt: skip
            right.set_yscale("symlog")
            right.set_ylim(0, max(1, 1.2 * counted["over_total"].max()))
            right.set_ylabel("weights over $\\kappa_0$")
            lines = [*axes.get_lines(), *right.get_lines()]
            axes.legend(handles=[line for line in lines if not line.get_label().startswith("_")], frameon=False)
        else:
            axes.legend(frameon=False)
    return axes.figure


def histograms(run, epochs=None, layer=None, maps="own", axes=None):
    """Weights by log10 |kappa|, an outline an epoch, the last one on top."""
    table = run.histograms(maps)
    layer = only(list(dict.fromkeys(table["layer"])), layer, "layer")
    table = table[table["layer"] == layer]
    there = sorted(set(table["epoch"]))
    if epochs is None:
        epochs = [there[i] for i in sorted(set(np.linspace(0, len(there) - 1, 5).round().astype(int)))]
    epochs = [epochs] if np.ndim(epochs) == 0 else list(epochs)
    if not epochs:
        raise UsageError("epochs: wants one at least")
    missing = [epoch for epoch in epochs if epoch not in there]
    if missing:
        raise FileError(f"{run.path}: no histogram of epoch {missing[0]}: there are {there}")
    with rc_context(_STYLE):
        axes = _axes(axes)
        for place, epoch in enumerate(epochs):
            rows = table[table["epoch"] == epoch].sort_values("log10_from")
            finite = rows[np.isfinite(rows["log10_from"].astype(float)) & np.isfinite(rows["log10_to"].astype(float))]
            edges = [*finite["log10_from"], finite["log10_to"].iloc[-1]]
            colour = colormaps["viridis"](place / max(1, len(epochs) - 1) * 0.9)
            axes.stairs(finite["count"], edges, color=colour, fill=True, alpha=0.25)
            axes.stairs(finite["count"], edges, color=colour, label=f"epoch {epoch}")
        axes.set(xlabel="$\\log_{10} |\\kappa|$", ylabel=f"weights of {layer}")
        # A long tail of a few weights would leave the rest no room.
        shown = table[table["epoch"].isin(epochs)].groupby("log10_from")["count"].sum()
        seen = shown[shown > 5e-3 * shown.sum() / len(epochs)].index
        axes.set_xlim(min(seen) - 0.5, max(seen) + 0.75)
        axes.legend(frameon=False)
    return axes.figure


def sweep(run, name=None, axes=None):
    """Accuracy of the pruned ensembles by threshold (or sparsity), the full one's, and how much smaller they are."""
    table = run.sweep(name)
    by_threshold = table["log10_threshold"].notna().all()
    place, label = ("log10_threshold", "$\\log_{10} \\kappa_0$") if by_threshold else ("sparsity", "sparsity")
    with rc_context(_STYLE):
        axes = _axes(axes)
        colours = {"mean": "tab:blue", "zero": "tab:green"}
        for (criterion, replace), rows in table.groupby(["criterion", "replace"], sort=False):
            several = table["criterion"].nunique() > 1
            rows = rows.sort_values(place)
            axes.plot(rows[place], 100 * rows["accuracy"], color=None if several else colours.get(replace),
                      label=f"{criterion}, {replace}" if several else f"replaced by {replace}")  # fmt: skip
        axes.axhline(100 * table.attrs["full"]["accuracy"], color="tab:red", linewidth=0.8, label="full ensemble")
        axes.set(xlabel=label, ylabel=f"{table.attrs['split']} accuracy, %")
        if by_threshold:
            first = table[table["replace"] == table["replace"].iloc[0]].sort_values(place)
            right = axes.twinx()
            first = first[first["sparsity"] < 1]  # of nothing there is no compression
            right.plot(first[place], 1 / (1 - first["sparsity"]), color="tab:blue", linestyle="--", label="compression")
            right.set(yscale="log", ylabel="weights / kept weights")
            axes.legend(handles=[*axes.get_lines(), *right.get_lines()], frameon=False)
        else:
            axes.legend(frameon=False)
    return axes.figure
