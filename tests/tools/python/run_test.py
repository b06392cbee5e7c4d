# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""varphase.Run: a run's tables, maps and figures beside the files themselves.

    PYTHONPATH=build/python:tests/tools run_test.py PROGRAM
"""

import csv
import json
import pathlib
import shutil
import tempfile
import unittest

import h5py
import numpy as np

import varphase
from program import PROGRAM, idx_folder, run, tiny_spec
from varphase import errors

OFFLINE = ["--threads", "1", "--device", "cpu", "--quiet"]


class Results(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert PROGRAM
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-run-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        idx_folder(cls.folder / "images")
        (cls.folder / "spec.json").write_text(json.dumps(tiny_spec()))
        cls.works("train", "--network", "spec.json", "--data", "images", "--batch-size", 50, "--epochs", 3, "--run", "r", *OFFLINE)
        cls.bare = shutil.copytree(cls.folder / "r", cls.folder / "bare")
        cls.works("kappa", "r", *OFFLINE)
        cls.works("transition", "r")
        cls.works("sweep", "r", "--samples", 4, "--thresholds", "10^-8,10^-6,10^-4,10^-2", *OFFLINE)
        cls.trained = varphase.Run(cls.folder / "r")

    @classmethod
    def works(cls, *arguments):
        done = run(*arguments, cwd=cls.folder)
        assert done.returncode == 0, done.stderr

    def test_frames_are_the_tables(self):
        for name, frame in (("metrics.csv", self.trained.metrics), ("transition.csv", self.trained.transition),
                            ("kappa/histogram.csv", self.trained.histograms()),
                            ("sweeps/epoch_0003_test.csv", self.trained.sweep())):  # fmt: skip
            rows = list(csv.DictReader((self.trained.path / name).read_text().splitlines()))
            self.assertEqual(list(frame.columns), list(rows[0]), name)
            self.assertEqual(len(frame), len(rows), name)
            for column in frame.columns:
                if frame[column].dtype.kind in "if":
                    wanted = [float(row[column] or "nan") for row in rows]
                    np.testing.assert_array_equal(frame[column].to_numpy(float), wanted)
        self.assertEqual(self.trained.sweeps, ["epoch_0003_test"])
        self.assertEqual(self.trained.sweep().attrs["full"]["accuracy"], self.trained.sweep_summary()["full"]["accuracy"])
        self.assertEqual(self.trained.epochs, [0, 1, 2, 3])
        self.assertEqual(self.trained.transition_summary["log10_kappa0"], 1.5)

    def test_kappa_is_the_map_s_product(self):
        with h5py.File(self.trained.path / "kappa/epoch_0002.h5") as file:
            layer = file["layers/dense2"]
            wanted = layer["hessian_diagonal"][:].astype(float) * layer["variance"][:].astype(float)
        np.testing.assert_array_equal(self.trained.kappa(epoch=2), wanted)
        np.testing.assert_array_equal(self.trained.kappa(2, "dense2"), wanted)
        with self.assertRaisesRegex(errors.UsageError, "dense2"):
            self.trained.kappa(layer="dense9")

    def test_figures_show_what_the_tables_say(self):
        figure = self.trained.plot_transition()
        ensemble, plain = figure.axes[0].get_lines()[:2]
        np.testing.assert_allclose(ensemble.get_ydata(), 100 * self.trained.transition["accuracy_ensemble"])
        np.testing.assert_allclose(plain.get_ydata(), 100 * self.trained.transition["accuracy_deterministic"])
        figure = self.trained.plot_histograms(epochs=[0, 3])
        self.assertEqual([text.get_text() for text in figure.axes[0].get_legend().get_texts()], ["epoch 0", "epoch 3"])
        figure = self.trained.plot_sweep()
        rows = self.trained.sweep().query("replace == 'zero'").sort_values("log10_threshold")
        (zero,) = (line for line in figure.axes[0].get_lines() if line.get_label() == "replaced by zero")
        np.testing.assert_allclose(zero.get_ydata(), 100 * rows["accuracy"])
        compression = figure.axes[1].get_lines()[0].get_ydata()
        np.testing.assert_allclose(compression, [1 / (1 - share) for share in rows["sparsity"] if share < 1])
        self.assertEqual(tuple(figure.get_size_inches()), (3.4, 2.5))
        self.assertEqual(figure._repr_png_()[:4], b"\x89PNG")
        figure.savefig(self.folder / "sweep.pdf")
        from matplotlib.figure import Figure

        axes = Figure().add_subplot()
        self.assertIs(self.trained.plot_transition(axes=axes), axes.figure)

    def test_a_notebook_shows_a_run_as_a_table(self):
        shown = self.trained._repr_html_()
        for word in ("<table>", "variance_dense", "4 checkpoints", "%"):
            self.assertIn(word, shown)

    def test_a_run_is_what_jobs_take(self):
        self.assertEqual(varphase.report(self.trained, progress=False)["left_out"], [])
        result = varphase.evaluate([self.trained], samples=2, device="cpu", threads=1, progress=False)
        self.assertEqual(result["entries"][0]["name"], "full, epoch 3")

    def test_what_is_missing_is_named_with_who_makes_it(self):
        bare = varphase.Run(self.bare)
        for ask, words in ((lambda: bare.transition, "varphase.transition"), (lambda: bare.kappa(), "varphase.kappa"),
                           (lambda: bare.histograms(), "varphase.kappa"), (lambda: bare.sweep(), "varphase.sweep"),
                           (lambda: bare.checkpoint(9), "epoch 9")):  # fmt: skip
            with self.assertRaisesRegex(errors.FileError, words):
                ask()
        with self.assertRaisesRegex(errors.FileError, "no run"):
            varphase.Run(self.folder)


if __name__ == "__main__":
    unittest.main()
