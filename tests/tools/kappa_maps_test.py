# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Maps of different things lie beside each other, and every reader takes the one that it means.

    kappa_maps_test.py PROGRAM
"""

import json
import os
import pathlib
import shutil
import tempfile
import unittest

import h5py
import numpy as np

from program import OFFLINE, SMALL, ProgramTest, arrays, idx, run


class KappaMaps(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="varphase-maps-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared)
        for arguments in (["train", *SMALL, "--epochs", 2, "--run", cls.shared / "one"], ["kappa", cls.shared / "one", *OFFLINE]):
            done = run(*arguments)
            assert done.returncode == 0, done.stderr

    def setUp(self):
        super().setUp()
        self.run_folder = self.folder / "one"
        shutil.copytree(self.shared / "one", self.run_folder)
        self.maps = self.run_folder / "kappa"
        self.own = {file: file.read_bytes() for file in sorted(self.maps.glob("*.h5"))}
        self.assertEqual(len(self.own), 3)
        self.rows = self.transition()["rows"]

    def succeeds(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def transition(self, *more):
        return json.loads(self.succeeds("transition", self.run_folder, "--json", *more))

    def sweep(self, *more):
        return json.loads(self.succeeds("sweep", self.run_folder, "--samples", 3, "--json", *more, *OFFLINE))

    def test_no_request_replaces_the_map_of_another(self):
        others = {
            ("--epoch", "last", "--layer", "all"): "layers/epoch_0002_all.h5",
            ("--epoch", "last", "--layer", "conv1,conv2"): "layers/epoch_0002_conv1+conv2.h5",
            ("--split", "test"): "split-test/epoch_0001.h5",
            ("--split", "validation", "--epoch", "last"): "split-validation/epoch_0002.h5",
            ("--epoch", "last", "--smooth", "none"): "smooth-none/epoch_0002.h5",
            ("--epoch", "last", "--smooth", "softplus:2"): "smooth-softplus-2/epoch_0002.h5",
            ("--epoch", "last", "--smooth", "none", "--split", "test"): "split-test,smooth-none/epoch_0002.h5",
            ("--epoch", "last", "--layer", "conv1", "--method", "ggn"): "method-ggn/epoch_0002_conv1.h5",
            ("--epoch", "last", "--layer", "conv2", "--all-quantities"): "quantities/epoch_0002_conv2.h5",
            ("--epoch", "last", "--layer", "conv2", "--method", "estimate", "--samples", "2"): "method-estimate-2/epoch_0002_conv2.h5",
        }
        written = {}
        for flags, name in others.items():
            self.succeeds("kappa", self.run_folder, *flags, *OFFLINE)
            written[self.maps / name] = (self.maps / name).read_bytes()
            for file, content in {**self.own, **written}.items():
                self.assertEqual(file.read_bytes(), content, f"{file} after {flags}")
            self.assertEqual(self.transition()["rows"], self.rows, flags)
        # The same in other words is the same map.
        files = sorted(self.maps.rglob("*.h5"))
        self.succeeds("kappa", self.run_folder, "--epoch", "last", "--layer", "dense1", "--smooth", "softplus:1", "--split", "train", *OFFLINE)
        self.assertEqual(sorted(self.maps.rglob("*.h5")), files)
        self.succeeds("kappa", self.run_folder, "--by", "class", "--epoch", "last", *OFFLINE)
        by_class = {file: file.read_bytes() for file in (self.maps / "classes").glob("*.h5")}
        self.succeeds("kappa", self.run_folder, "--by", "class", "--epoch", "last", "--smooth", "none", *OFFLINE)
        self.assertEqual(by_class, {file: file.read_bytes() for file in by_class})
        self.assertTrue((self.maps / "classes/smooth-none/epoch_0002_class_00.h5").is_file())

    def test_a_histogram_file_keeps_the_epochs_that_are_not_made_again(self):
        file = self.maps / "histogram.csv"
        before = file.read_text()
        self.succeeds("kappa", self.run_folder, "--epoch", "1", *OFFLINE)
        self.assertEqual(file.read_text(), before)
        epochs = {line.split(",")[0] for line in before.splitlines()[1:]}
        self.assertEqual(epochs, {"0", "1", "2"})

    def test_readers_say_what_they_took(self):
        self.succeeds("kappa", self.run_folder, "--smooth", "none", *OFFLINE)
        self.succeeds("kappa", self.run_folder, "--split", "test", "--epoch", "last", *OFFLINE)
        counted = self.transition()["maps"]
        self.assertEqual(counted["taken"], ["kappa: 3 epochs"])
        self.assertEqual([line.split(":")[0] for line in counted["left_out"]], ["kappa/smooth-none", "kappa/split-test"])
        self.assertIn("kappa/split-test: 1 map (200 test images", self.succeeds("transition", self.run_folder))
        asked = self.transition("--maps", "smooth-none")
        self.assertEqual(asked["smooth"], "none")
        self.assertEqual(asked["maps"]["taken"], ["kappa/smooth-none: 3 epochs"])
        self.succeeds("report", self.run_folder)  # shows what the transition counted
        page = (self.run_folder / "report.html").read_text()
        self.assertIn("that of the network as it is (smooth: none)", page)
        self.assertIn("Not shown", page)
        self.assertNotIn("Left out of this page", page)
        self.fails(2, "did you mean 'smooth-none'", arguments=["transition", self.run_folder, "--maps", "smooth-nun"])
        self.assertEqual(self.sweep()["kappa_map"], "kappa/epoch_0002.h5")
        self.assertEqual(self.sweep("--smooth", "none")["kappa_map"], "kappa/smooth-none/epoch_0002.h5")
        self.assertEqual(self.sweep("--smooth", "softplus:3")["kappa_map"], "computed now")
        pruned = self.run_folder / "pruned/90.h5"
        self.succeeds("prune", self.run_folder, "--sparsity", 0.9, "--out", pruned, *OFFLINE)
        with h5py.File(pruned) as file:
            self.assertEqual(file.attrs["provenance.kappa_map"].decode(), "kappa/epoch_0002.h5")

    def test_layers_are_taken_out_of_whatever_map_holds_them(self):
        rows = self.sweep()["rows"]
        self.succeeds("kappa", self.run_folder, "--epoch", "last", "--layer", "all", *OFFLINE)
        (self.maps / "epoch_0002.h5").unlink()
        counted = self.transition()
        self.assertEqual(counted["rows"], self.rows)
        self.assertEqual(counted["maps"]["taken"], ["kappa: 2 epochs", "kappa/layers: 1 epoch"])
        swept = self.sweep()
        self.assertEqual(swept["kappa_map"], "kappa/layers/epoch_0002_all.h5")
        self.assertEqual(swept["rows"], rows)

    def test_maps_of_older_versions_are_found_and_kept(self):
        """They lay in kappa/ whatever they were of: the last to be made replaced the others."""
        self.succeeds("kappa", self.run_folder, "--epoch", "last", "--split", "test", *OFFLINE)
        self.succeeds("kappa", self.run_folder, "--epoch", "1", "--layer", "all", *OFFLINE)
        shutil.move(self.maps / "split-test/epoch_0002.h5", self.maps / "epoch_0002.h5")
        shutil.move(self.maps / "layers/epoch_0001_all.h5", self.maps / "epoch_0001.h5")
        spoiled = arrays(self.maps / "epoch_0002.h5")
        counted = self.transition()
        self.assertEqual([row["over_total"] for row in counted["rows"]], [self.rows[0]["over_total"], self.rows[1]["over_total"], None])
        self.assertIn("test images", counted["maps"]["left_out"][0])
        done = run("kappa", self.run_folder, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("older", done.stderr)
        self.assertEqual(self.transition()["rows"], self.rows)
        kept = list((self.maps / "older").glob("epoch_0002_*.h5"))
        self.assertEqual([arrays(file) for file in kept], [spoiled])
        self.assertEqual(self.transition("--maps", "older")["rows"][2]["epoch"], 2)

    def test_a_map_of_other_weights_is_not_taken(self):
        other = self.folder / "other"
        done = run("train", *SMALL, "--run", other, "--epochs", 2, "--seed", 2)
        self.assertEqual(done.returncode, 0, done.stderr)
        shutil.copytree(self.maps, other / "kappa")
        done = run("sweep", other, "--samples", 3, "--json", *OFFLINE)
        self.assertEqual(json.loads(done.stdout)["kappa_map"], "computed now")

    def test_damage_elsewhere_stops_nobody(self):
        self.succeeds("kappa", self.run_folder, "--epoch", "last", "--split", "test", *OFFLINE)
        damaged = self.maps / "split-test/epoch_0002.h5"
        damaged.write_bytes(damaged.read_bytes()[:1000])
        self.assertEqual(self.transition()["rows"], self.rows)
        (self.maps / "epoch_0002.h5").write_bytes(b"x")
        self.fails(3, "epoch_0002.h5", arguments=["transition", self.run_folder])
        self.assertEqual(self.sweep()["kappa_map"], "computed now")

    def test_proofs_stay_while_the_map_is_the_same(self):
        with_proofs = ["kappa", self.run_folder, "--epoch", "last", "--verify", 20, *OFFLINE]
        self.succeeds(*with_proofs)
        self.succeeds("kappa", self.run_folder, *OFFLINE)
        self.assertIn("layers/dense1/verified", arrays(self.maps / "epoch_0002.h5"))

    def test_a_map_of_other_images_has_a_place_of_its_own(self):
        data = self.folder / "data"
        data.mkdir()
        draw = np.random.default_rng(1)
        for part, count in (("train", 60), ("t10k", 20)):
            idx(data / f"{part}-images-idx3-ubyte", draw.integers(0, 256, (count, 28, 28)))
            idx(data / f"{part}-labels-idx1-ubyte", np.arange(count) % 10)
        self.succeeds("kappa", self.run_folder, "--epoch", "last", "--data", data, *OFFLINE)
        self.assertEqual(self.own, {file: file.read_bytes() for file in self.own})
        self.assertEqual(len(list(self.maps.glob("data-*/epoch_0002.h5"))), 1)
        self.assertEqual(self.transition()["rows"], self.rows)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    unittest.main()
