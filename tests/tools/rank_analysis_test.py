# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Analysis and members shared by two and three processes (Gloo) give what one process gives.

    rank_analysis_test.py PROGRAM
"""

import csv
import json
import pathlib
import shutil
import unittest

import h5py
import numpy

from program import OFFLINE, ProgramTest, arrays, small_run
from ranks import Ranks

HOW = [*OFFLINE]


def values(path):
    """A result's numbers and words, without when and by what it was made."""

    def plain(item):
        if isinstance(item, dict):
            return {key: plain(value) for key, value in item.items() if key not in ("provenance", "seconds", "path", "runs", "bytes")}
        return [plain(one) for one in item] if isinstance(item, list) else item

    return plain(json.loads(path.read_text()))


def maps(folder):
    return {str(path.relative_to(folder)): arrays(path) for path in sorted(folder.rglob("*.h5"))}


class RankAnalysis(ProgramTest):
    def copies(self, *names):
        """Copies of one run, to be analysed side by side."""
        return [pathlib.Path(shutil.copytree(small_run(), self.folder / name)) for name in names]

    def shared(self, count, *arguments):
        results = Ranks(count, *arguments, *HOW).ended()
        for rank, (code, out, err) in enumerate(results):
            self.assertEqual(code, 0, f"rank {rank}: {out}{err}")
            self.assertEqual(out == "", rank > 0, out)
        return results[0][1]

    def test_kappa_of_checkpoints(self):
        one, two = self.copies("one", "two")
        alone = self.works("kappa", one, *HOW).stdout
        together = self.shared(2, "kappa", two)  # two checkpoints, one each
        self.assertEqual(alone.replace(str(one), ""), together.replace(str(two), ""))
        self.assertEqual(maps(one / "kappa"), maps(two / "kappa"))
        histograms = [[path.read_text() for path in sorted(folder.rglob("*.csv"))] for folder in (one / "kappa", two / "kappa")]
        self.assertTrue(histograms[0])
        self.assertEqual(*histograms)

    def test_kappa_of_images(self):
        one, two, three = self.copies("one", "two", "three")
        for method in ("exact", "ggn"):
            what = ["--epoch", "last", "--layer", "all", "--method", method]
            self.works("kappa", one, *what, *HOW)
            self.shared(2, "kappa", two, *what)
            self.shared(3, "kappa", three, *what)
        two_maps, three_maps = maps(two / "kappa"), maps(three / "kappa")
        self.assertEqual(two_maps, three_maps)
        compared = 0
        for path in sorted((one / "kappa").rglob("*.h5")):
            with h5py.File(path) as alone, h5py.File(two / "kappa" / path.relative_to(one / "kappa")) as together:
                names = []
                alone.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
                for name in names:
                    a, b = alone[name][()].astype(float), together[name][()].astype(float)
                    self.assertLessEqual(abs(a - b).max(initial=0), 2e-6 * abs(a).max(initial=1e-30), f"{path} {name}")
                    compared += a.size
        self.assertGreater(compared, 100000)

    def test_sweep(self):
        one, two = self.copies("one", "two")
        for what in (["--samples", 4], ["--samples", 4, "--criteria", "kappa,variance", "--sparsities", "0.5,0.9,0.99"]):
            self.works("sweep", one, *what, *HOW)
            for count in (2, 3):
                shutil.rmtree(two / "sweeps", ignore_errors=True)
                self.shared(count, "sweep", two, *what)
                found = sorted(path.relative_to(two) for path in (two / "sweeps").rglob("*.json"))
                self.assertTrue(found)
                for path in found:
                    self.assertEqual(values(one / path), values(two / path))

    def test_eval_and_shift(self):
        (run_folder,) = self.copies("one")
        for verb in (["eval", "--samples", 5], ["shift", "--samples", 3, "--corruptions", "gaussian-noise"]):
            results = []
            for count in (1, 2, 3):
                out = self.folder / f"{verb[0]}{count}.json"
                arguments = [verb[0], run_folder, *verb[1:], "--out", out]
                self.works(*arguments, *HOW) if count == 1 else self.shared(count, *arguments)
                results.append(values(out))
            self.assertEqual(results[0], results[1])
            self.assertEqual(results[0], results[2])

    def test_attack(self):
        (run_folder,) = self.copies("one")
        how = ["--epsilon", "8/255", "--steps", 2, "--samples", 2, "--judge-samples", 3, "--images", 12, "--batch", 4]
        results = []
        for count in (1, 2, 3, 4):  # three batches: four ranks leave all of them to the first
            out = self.folder / f"attack{count}.json"
            arguments = ["attack", run_folder, *how, "--save", "--out", out]
            self.works(*arguments, *HOW) if count == 1 else self.shared(count, *arguments)
            images = {name: array for name, array in arrays(out.with_suffix(".h5")).items() if name != "attack"}
            results.append((values(out), images))
            self.assertFalse(out.with_suffix(".partial").exists())
        self.assertIn("pixels", " ".join(results[0][1]))
        for other in results[1:]:
            self.assertEqual(results[0], other)

    def test_predict(self):
        (run_folder,) = self.copies("one")
        draw = numpy.random.default_rng(1)
        numpy.save(self.folder / "images.npy", draw.integers(0, 256, (37, 28, 28), dtype=numpy.uint8))
        rows = []
        for count in (1, 2, 3):
            out = self.folder / f"{count}.csv"
            arguments = ["predict", run_folder, self.folder / "images.npy", "--batch", 10, "--samples", 4, "--out", out]
            self.works(*arguments, *HOW) if count == 1 else self.shared(count, *arguments)
            rows.append([row for row in csv.reader(out.read_text().splitlines()) if not row[0].startswith("#")])
        self.assertEqual(len(rows[0]), 38)
        for other in rows[1:]:
            self.assertEqual([row[:2] for row in rows[0]], [row[:2] for row in other])
            # A product of fewer rows is computed in another order.
            numbers = [numpy.array([[float(cell) for cell in row[1:]] for row in some[1:]]) for some in (rows[0], other)]
            self.assertLessEqual(abs(numbers[0] - numbers[1]).max(), 1e-6)

    def test_members(self):
        training = ["train", "--preset", "quickstart", "--data", "synthetic-digits", "--train-limit", 200, "--test-limit", 50,
                    "--epochs", 1, "--members", 3, "--samples", 2]  # fmt: skip
        alone = self.works(*training, "--run", self.folder / "alone", *HOW).stdout
        together = self.shared(2, *training, "--run", self.folder / "together")
        for member in ("00", "01", "02"):
            self.assertEqual(*(arrays(self.folder / name / f"members/{member}/checkpoints/epoch_0001.h5") for name in ("alone", "together")))
        table = [text[text.index("seed") : text.index("the networks together")] for text in (alone, together)]
        self.assertEqual(*table)
        shutil.rmtree(self.folder / "together/members/01")
        self.shared(3, "train", "--resume", "--run", self.folder / "together")
        self.assertEqual(*(arrays(self.folder / name / "members/01/checkpoints/epoch_0001.h5") for name in ("alone", "together")))


if __name__ == "__main__":
    unittest.main()
