# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""eval: several networks together; tables of metrics, other data sets; bad input.

    PYTHONPATH=tests/tools eval_test.py PROGRAM
"""

import csv
import json
import unittest

import h5py
import numpy as np

from program import OFFLINE, ProgramTest, idx_folder


class Eval(ProgramTest):
    def test_networks_predict_together(self):
        two = self.train_tiny("two", "--members", 2)
        done = self.works("eval", "--together", two, "--samples", 5, "--json", *OFFLINE)
        result = json.loads(done.stdout)
        self.assertEqual([len(result["entries"]), result["together"]["networks"]], [2, 2])
        own = [entry["nll"]["ensemble"] for entry in result["entries"]]
        self.assertLessEqual(result["together"]["nll"]["ensemble"], sum(own) / 2)  # Jensen
        table = self.folder / "tables/networks.csv"
        self.works("eval", "--together", two, "--samples", 5, "--out", table, *OFFLINE)
        rows = list(csv.DictReader(table.read_text().splitlines()))
        self.assertEqual([row["name"] for row in rows], [entry["name"] for entry in result["entries"]] + ["together"])
        for row, entry in zip(rows, [*result["entries"], result["together"]], strict=True):
            for value in ("accuracy", "accuracy_se", "nll", "ece"):
                for way in ("deterministic", "ensemble"):
                    self.assertEqual(float(row[f"{value}_{way}"]), entry[value][way])

    def test_tables_of_metrics_are_printed_and_kept(self):
        one = self.train_tiny("one")
        pruned = one / "pruned/50.h5"
        self.works("prune", one, "--sparsity", 0.5, "--out", pruned, *OFFLINE)
        other = idx_folder(self.folder / "other", test=30, seed=9)
        done = self.works("eval", one, pruned, "--metrics", "all", "--ood", other, "--samples", 4, "--resamples", 50,
                          *OFFLINE)  # fmt: skip
        for words in ("metrics of test images, K = 4, seed 1; 15 bins; 50 bootstrap resamples", "AURC %", "less base",
                      "30 images of", "mutual inf.", "FPR95 %"):  # fmt: skip
            self.assertIn(words, done.stdout)
        self.assertLessEqual(max(len(line) for line in done.stdout.splitlines() if str(other) not in line), 80)
        self.assertIn("--wide adds: Brier, Entropy", done.stdout)
        self.assertIn("--wide adds: AUGRC %", done.stdout)
        kept = json.loads((one / "evaluations/50_metrics.json").read_text())["metrics"]
        self.assertEqual(kept["groups"], ["cls", "cal", "sc", "ood"])
        self.assertEqual([kept["bins"], kept["resamples"], kept["level"], len(kept["columns"])], [15, 50, 0.95, 8])
        ensemble = kept["columns"][2]
        accuracy = ensemble["metrics"]["cls/Acc"]
        self.assertLessEqual(accuracy["low"], accuracy["value"])
        self.assertLessEqual(accuracy["value"], accuracy["high"])
        first = kept["columns"][0]["metrics"]["cls/Acc"]
        self.assertAlmostEqual(accuracy["difference"]["value"], accuracy["value"] - first["value"])
        self.assertIn("ood/mutual_information/AUROC", ensemble["ood"][0])
        self.assertEqual(sum(ensemble["entropy"]["ood"][0]), 30)
        again = self.works("eval", one, pruned, "--metrics", "all", "--ood", other, "--samples", 4, "--resamples", 50,
                           "--json", *OFFLINE)  # fmt: skip
        self.assertEqual(json.loads(again.stdout)["metrics"], kept)
        # Full against pruned and their average against the full one: each by the same way of prediction, another noise aside.
        kinds = len(kept["columns"]) // 2
        values = [column["metrics"]["cls/NLL"]["value"] for column in kept["columns"]]
        for against, base, more in ((2, 1, []), ("50", 1, []), (1, 0, ["--together"])):
            table = json.loads(self.works("eval", one, pruned, "--metrics", "cls", "--samples", 4, "--resamples", 50, "--against", against,
                                          "--out", self.folder / "t.json", "--overwrite", *more, "--json", *OFFLINE).stdout)["metrics"]  # fmt: skip
            own = [column["metrics"]["cls/NLL"]["value"] for column in table["columns"]]
            self.assertEqual(len(own), 8 + (4 if more else 0))
            for at, column in enumerate(table["columns"]):
                nll = column["metrics"]["cls/NLL"]
                if at // kinds == base:
                    self.assertNotIn("difference", nll)
                    continue
                self.assertAlmostEqual(nll["difference"]["value"], own[at] - own[base * kinds + at % kinds], places=12)
                self.assertLessEqual(nll["difference"]["low"], nll["difference"]["high"])
            self.assertEqual(table["against"], table["columns"][base * kinds]["network"])
            self.assertTrue(more or own == values)
        for words, more in ((("--against", "1 to 2"), ["--metrics", "cls", "--against", "3"]), (("--metrics",), ["--against", "1"])):
            self.fails(2, *words, arguments=["eval", one, pruned, *more, *OFFLINE])
        self.works("eval", pruned, "--samples", 4, *OFFLINE)
        self.assertNotIn("metrics", json.loads((one / "evaluations/50.json").read_text()))
        self.assertEqual(json.loads((one / "evaluations/50_metrics.json").read_text())["metrics"], kept)

    def test_images_of_another_form_are_refused_or_brought_to_it(self):
        one = self.train_tiny("one")
        large = idx_folder(self.folder / "large", size=12)
        done = self.fails(2, "--ood", "[1, 12, 12]", "--resize 8x8", arguments=["eval", one, "--ood", large, *OFFLINE])
        self.assertEqual(done.stdout, "")
        self.works("eval", one, "--ood", large, "--resize", "8x8", *OFFLINE)
        # One file of images without labels will do.
        self.works("eval", one, "--ood", large / "t10k-images-idx3-ubyte", "--resize", "8x8", *OFFLINE)

    def test_other_images_that_are_none_are_refused_before_any_work(self):
        one = self.train_tiny("one")
        colours, broken, text = (self.folder / name for name in ("colours.h5", "broken.h5", "text.txt"))
        draw = np.random.default_rng(0)
        for path, shape, kind in ((colours, (8, 8, 8, 3), np.uint8), (broken, (8, 8, 8), np.float32)):
            with h5py.File(path, "w") as file:
                for part in ("train", "test"):
                    images = draw.integers(0, 200, shape).astype(kind)
                    if path == broken:
                        images[3, 2, 1] = np.nan
                    file[f"{part}/images"], file[f"{part}/labels"] = images, np.arange(8) % 4
                    if path == broken:
                        file[f"{part}/images"].attrs["range"] = "0..255"
        text.write_text("no image\n")
        (self.folder / "empty").mkdir()
        before = sorted(one.rglob("*"))
        for code, words, more in (
            (2, ("--ood", "[3, 8, 8]", "--convert grey"), [colours]),
            (2, ("--ood", "[3, 8, 8]", "--convert grey"), [colours, "--resize", 8]),
            (2, ("unknown value 'gray'", "did you mean 'grey'"), [colours, "--convert", "gray"]),
            (2, ("--resize 0", "1 to 16384"), [colours, "--resize", 0]),
            (2, ("--ood", "[3, 6, 6]", "--resize 8x8"), [colours, "--resize", 6]),
            (3, ("image 3 has a pixel of nan",), [broken]),
            (3, ("text.txt", "HDF5"), [text]),
            (3, ("empty", "no image"), [self.folder / "empty"]),
            (3, ("nowhere", "no such folder or file"), [self.folder / "nowhere"]),
            (2, ("--ood", "its value is empty"), [""]),
            (2, ("--samples", "at least 1"), [colours, "--convert", "grey", "--samples", 0]),
            (2, ("--resamples", "0 to 1000000"), [colours, "--convert", "grey", "--resamples", -1]),
            (2, ("no such group", "sc, ood"), [colours, "--metrics", "odd"]),
        ):  # fmt: skip
            with self.subTest(more=more):
                done = self.fails(code, *words, arguments=["eval", one, "--ood", *more, *OFFLINE])
                self.assertEqual(done.stdout, "")
        self.fails(2, "--ood names it", arguments=["eval", one, "--metrics", "ood", *OFFLINE])
        self.assertEqual(sorted(one.rglob("*")), before)
        self.works("eval", one, "--ood", colours, "--convert", "grey", "--samples", 2, *OFFLINE)

    def test_a_damaged_checkpoint_is_refused_by_name(self):
        one = self.train_tiny("one")
        damaged = self.folder / "damaged.h5"
        damaged.write_bytes((one / "checkpoints/epoch_0001.h5").read_bytes()[:-1000])
        self.fails(3, "damaged.h5", arguments=["eval", damaged, *OFFLINE])

    def test_a_wrong_file_is_refused_before_the_others_are_predicted_with(self):
        one = self.train_tiny("one")
        self.works("kappa", one, "--epoch", "last", *OFFLINE)
        many = ["--samples", 1000000, *OFFLINE]  # never ends where it begins
        page = self.folder / "page.html"
        page.write_text("<html></html>")
        for verb in ("eval", "shift"):
            self.fails(3, "page.html", arguments=[verb, one, page, *many])
            self.fails(3, "epoch_0001.h5: is a kappa map", arguments=[verb, one, one / "kappa/epoch_0001.h5", *many])

    def test_a_path_that_is_not_there_is_no_reason_to_train(self):
        one = self.train_tiny("one")
        for path, words in ((one / "pruned/95.h5", "no run or file there\n  it would lie in the run"),
                            (one / "checkpoints", "no run (there is no config.json)\n  it lies in the run"),
                            (self.folder / "none.h5", "none.h5: no run or file there\n"),
                            (self.folder / "none", "make one with: varphase train")):  # fmt: skip
            with self.subTest(path.name):
                self.fails(3, words, arguments=["eval", path, *OFFLINE])


if __name__ == "__main__":
    unittest.main()
