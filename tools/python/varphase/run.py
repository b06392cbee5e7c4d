# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What a run holds, as pandas frames, arrays and figures (docs/files.md says which files there are)."""

import functools
import html
import json
import os

import numpy as np

from varphase.choice import only
from varphase.errors import FileError
from varphase.run_files import checkpoint_in, epochs_in, run_folder
from varphase.sealed import opened


class Run:
    """A run folder, read as it is now.

    Args:
        path: the folder that `train`, `finetune` or `import_` made

    Raises:
        FileError: a folder that is no run
    """

    def __init__(self, path):
        self.path = run_folder(path)

    def __fspath__(self):
        return str(self.path)

    def __repr__(self):
        return f"varphase.Run({str(self.path)!r})"

    @functools.cached_property
    def config(self):
        """The resolved configuration: a dict with network, data, train."""
        return json.loads(self._file("config.json", "train").read_text())

    @property
    def metrics(self):
        """metrics.csv: a row an epoch."""
        return self._csv("metrics.csv", "train")

    @property
    def epochs(self):
        """Epochs of the checkpoints that are there, sorted."""
        return epochs_in(self.path / "checkpoints")

    def checkpoint(self, epoch=None):
        """The path of an epoch's checkpoint; None: of the last one. @raises FileError where there is none"""
        return checkpoint_in(self.path, epoch)

    def network(self, epoch=None):
        """The network of an epoch as a module: varphase.nn.load of its checkpoint."""
        from varphase import nn

        return nn.load(self.checkpoint(epoch))

    @property
    def transition(self):
        """transition.csv: weights over kappa_0, accuracies and log alpha by epoch."""
        return self._csv("transition.csv", "transition")

    @property
    def transition_summary(self):
        """transition.json: onset, drop, gap and by which rules, a dict."""
        return json.loads(self._file("transition.json", "transition").read_text())

    def kappa_epochs(self, maps="own"):
        """Epochs whose kappa maps are there. @param maps  "own", or a folder below kappa/"""
        return epochs_in(self.path / self._maps(maps))

    def kappa(self, epoch=None, layer=None, maps="own"):
        """The kappa map of a layer: sigma^2 times the second derivative of the loss, signed, float64 of the weight's shape.

        Args:
            epoch: None: the last of which there is a map
            layer: None: the only one of the map
            maps: "own" (those of kappa/ itself), or a folder below kappa/ such as "smooth-none"
        """
        with self._map(epoch, maps) as file:
            group = file["layers"][only(list(file["layers"]), layer, "layer")]
            return group["hessian_diagonal"][:].astype(np.float64) * group["variance"][:]

    def histograms(self, maps="own"):
        """kappa/histogram.csv: counts of weights by log10 |kappa|, a row an epoch, layer and bin."""
        return self._csv(f"{self._maps(maps)}/histogram.csv", "kappa")

    @property
    def sweeps(self):
        """Names of the sweeps that are there, such as "epoch_0022_test" or "criteria/epoch_0022_test"."""
        folder = self.path / "sweeps"
        return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.csv"))

    def sweep(self, name=None):
        """A sweep's table: a row for every cut and rule; its attrs["full"] are the metrics of the full ensemble.

        Args:
            name: of `sweeps`; None: the newest one
        """
        name = self._sweep_name(name)
        frame = self._csv(f"sweeps/{name}.csv", "sweep")
        frame.attrs.update(self.sweep_summary(name))
        return frame

    def sweep_summary(self, name=None):
        """What a sweep says beside its rows: layers, split, samples, `full`, ..., a dict."""
        report = json.loads(self._file(f"sweeps/{self._sweep_name(name)}.json", "sweep").read_text())
        return {key: value for key, value in report.items() if key != "rows"}

    def plot_transition(self, axes=None):
        """Accuracies and the share of weights over kappa_0 by epoch. @return a matplotlib figure"""
        from varphase import plots

        return plots.transition(self, axes)

    def plot_histograms(self, epochs=None, layer=None, maps="own", axes=None):
        """Histograms of log10 |kappa| of several epochs over each other (the paper's Figure 3). @return a matplotlib figure

        Args:
            epochs: None: five of them, from the first to the last
            layer: None: the only one of the maps
        """
        from varphase import plots

        return plots.histograms(self, epochs, layer, maps, axes)

    def plot_sweep(self, name=None, axes=None):
        """Accuracy of the pruned ensembles by threshold or sparsity, with the compression (the paper's Figure 5).

        Args:
            name: of `sweeps`; None: the newest one

        Returns:
            a matplotlib figure
        """
        from varphase import plots

        return plots.sweep(self, name, axes)

    def _repr_html_(self):
        rows = {"run": str(self.path), "network": self._network_text(), "data": self.config["data"].get("data", ""),
                "epochs": f"{len(self.epochs)} checkpoints"}  # fmt: skip
        if (self.path / "metrics.csv").is_file():
            last = self.metrics.dropna(subset=["nll"]).tail(1)
            for column in ("test_accuracy_deterministic", "test_accuracy_ensemble"):
                if len(last) and column in last:
                    rows[column.replace("test_accuracy_", "")] = f"{100 * last[column].item():.2f} %"
        if (self.path / "transition.json").is_file():
            summary = self.transition_summary
            rows["onset"], rows["gap"] = (f"epoch {summary[name]}" if summary.get(name) is not None else "none"
                                          for name in ("onset", "gap"))  # fmt: skip
        cells = "".join(f"<tr><th style='text-align:left'>{html.escape(name)}</th><td style='text-align:left'>"
                        f"{html.escape(str(value))}</td></tr>" for name, value in rows.items())  # fmt: skip
        return f"<table>{cells}</table>"

    def _network_text(self):
        layers = self.config["network"]["layers"]
        kinds = [next(iter(layer)) if isinstance(layer, dict) else layer for layer in layers]
        weighted = [kind for kind in kinds if kind.split("_")[-1] in ("dense", "conv2d")]
        return f"{' x '.join(map(str, self.config['network']['input']))}: {', '.join(weighted)}"

    def _sweep_name(self, name):
        if name is not None:
            return name
        folder = self.path / "sweeps"
        if not self.sweeps:
            raise FileError(f"{self.path}: no sweep: varphase.sweep({str(self.path)!r}) makes one")
        return max(self.sweeps, key=lambda each: os.path.getmtime(folder / f"{each}.csv"))

    def _maps(self, maps):
        """The folder of such maps, from the run's own."""
        return "kappa" if maps == "own" else f"kappa/{maps}"

    def _map(self, epoch, maps):
        epochs = self.kappa_epochs(maps)
        if not epochs or (epoch is not None and epoch not in epochs):
            raise FileError(f"{self.path / self._maps(maps)}: no kappa map of epoch {epoch}: there are {epochs or 'none'}\n"
                            f"  varphase.kappa({str(self.path)!r}) makes them")  # fmt: skip
        return opened(self.path / self._maps(maps) / f"epoch_{epochs[-1] if epoch is None else int(epoch):04}.h5")

    def _file(self, name, job):
        file = self.path / name
        if not file.is_file():
            raise FileError(f"{file}: is not there\n  varphase.{job}({str(self.path)!r}) makes it")
        return file

    def _csv(self, name, job):
        import pandas

        return pandas.read_csv(self._file(name, job))
