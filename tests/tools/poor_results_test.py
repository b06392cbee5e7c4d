# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What would end in a poor result is refused or said before the training.

    poor_results_test.py PROGRAM
"""

import json
import os
import unittest

import numpy as np

from program import OFFLINE, ProgramTest, idx, run


def network(*middle):
    return {"input": [1, 8, 8], "classes": 3, "layers": [*middle, {"dense": {"out": 3}}]}


class PoorResults(ProgramTest):
    def setUp(self):
        super().setUp()
        data = self.folder / "data"
        data.mkdir()
        draw = np.random.default_rng(1)
        for part, count in (("train", 21), ("t10k", 6)):
            idx(data / f"{part}-images-idx3-ubyte", draw.integers(0, 256, (count, 8, 8)))
            idx(data / f"{part}-labels-idx1-ubyte", np.arange(count) % 3)
        self.dense = self.spec("dense", {"variance_dense": {"out": 5}}, "batch_norm", "relu")

    def spec(self, name, *middle):
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(network(*middle)))
        return file

    def begin(self, spec, name, *more):
        return run("train", "--network", spec, "--data", self.folder / "data", "--epochs", 1, "--run", self.folder / name, *more, *OFFLINE)

    def test_what_is_held_back_may_be_all_of_a_class(self):
        labels = np.arange(21) % 2
        labels[4] = 2  # the only one of its class
        idx(self.folder / "data/train-labels-idx1-ubyte", labels)
        said = [run("data", self.folder / "data", "--validation", share) for share in (0, 0.9)]
        parts = [json.loads(run("data", self.folder / "data", "--validation", share, "--json").stdout)["parts"]["train"]["images"]
                 for share in (0, 0.9)]  # fmt: skip
        self.assertEqual(parts, [21, 3])
        self.assertNotIn("have no image", said[0].stdout + said[0].stderr)
        self.assertIn("1 of 3 classes have no image among the 3 training images", said[1].stdout + said[1].stderr)

    def test_a_batch_norm_of_one_value_a_channel_is_refused(self):
        done = self.begin(self.dense, "one", "--batch-size", 1)
        self.assertEqual(done.returncode, 2, done.stderr)
        for word in ("batch_norm1", "from 2 on", "1 value per channel"):
            self.assertIn(word, done.stderr)
        self.assertFalse((self.folder / "one").exists())
        conv = {"conv2d": {"out": 2, "kernel": 8}}  # one place is left
        self.assertEqual(self.begin(self.spec("point", conv, "batch_norm", "relu"), "one", "--batch-size", 1).returncode, 2)
        wide = {"conv2d": {"out": 2, "kernel": 3}}
        for spec, name, batch in ((self.spec("wide", wide, "batch_norm", "relu"), "wide", 1), (self.dense, "two", 2),
                                  (self.spec("none", {"variance_dense": {"out": 5}}, "relu"), "none", 1)):  # fmt: skip
            done = self.begin(spec, name, "--batch-size", batch)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_rest_of_one_image_is_left_out_and_said(self):
        done = self.begin(self.dense, "rest", "--batch-size", 20)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("leaves out 1 of 21 training images", done.stderr)
        done = self.begin(self.dense, "whole", "--batch-size", 7)
        self.assertNotIn("leaves out", done.stderr)

    def test_no_validation_images_is_said_when_training_begins(self):
        done = self.begin(self.dense, "one", "--batch-size", 7)
        self.assertIn("--validation 0.1", done.stderr)
        held = self.begin(self.dense, "held", "--batch-size", 6, "--validation", 0.1)
        self.assertNotIn("no validation images", held.stderr)
        plain = self.begin(self.spec("plain", {"dense": {"out": 5}}, "relu"), "plain", "--batch-size", 7)
        self.assertNotIn("no validation images", plain.stderr)  # nothing can be pruned of it
        sweep = ["--samples", 2, "--choose", "drop<=50", *OFFLINE]
        warned = run("sweep", self.folder / "one", *sweep)
        self.assertEqual(warned.returncode, 0, warned.stderr)
        self.assertIn("chooses on test images", warned.stderr)
        for quiet in (run("sweep", self.folder / "one", "--split", "test", *sweep), run("sweep", self.folder / "held", *sweep)):
            self.assertEqual(quiet.returncode, 0, quiet.stderr)
            self.assertNotIn("chooses on test images", quiet.stderr)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    unittest.main()
