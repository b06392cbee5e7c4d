# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Class names from the data to the predictions, and files of several folders told apart.

    class_names_test.py PROGRAM
"""

import csv
import json
import os
import shutil
import unittest

import h5py
import numpy as np
import onnx

from program import OFFLINE, ProgramTest, idx, png, run

SPEC = {"input": [1, 8, 8], "classes": 3, "layers": [{"variance_dense": {"out": 6}}, "relu", {"dense": {"out": 3}}]}
# As folders sort: a quote and a comma for CSV, bytes that are no UTF-8, a backslash.
FOLDERS = [b'a,"b"', b"cat\xff", b"x\\y"]
NAMES = ['a,"b"', "cat\\xFF", "x\\\\y"]


class ClassNames(ProgramTest):
    def setUp(self):
        super().setUp()
        draw = np.random.default_rng(1)
        for part, count in (("train", 4), ("test", 2)):
            for name in FOLDERS:
                folder = self.folder / "data" / part / os.fsdecode(name)
                folder.mkdir(parents=True)
                for i in range(count):
                    png(folder / f"{i}.png", draw.integers(0, 256, (8, 8)))
        (self.folder / "spec.json").write_text(json.dumps(SPEC))
        self.make = ["train", "--network", self.folder / "spec.json", "--epochs", 1, "--batch-size", 6, *OFFLINE]
        self.one = self.folder / "one"

    def succeeds(self, *arguments):
        done = run(*arguments, env={**os.environ, "VARPHASE_CACHE": str(self.folder / "cache")})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def names_in(self, config):
        return json.loads(config)["data"]["class_names"]

    def test_names_live_from_folders_to_predictions(self):
        self.succeeds(*self.make, "--data", self.folder / "data", "--run", self.one)
        self.assertEqual(self.names_in((self.one / "config.json").read_text()), NAMES)
        pruned = self.one / "pruned/50.h5"
        self.succeeds("prune", self.one, "--criterion", "random", "--sparsity", 0.5, "--out", pruned, *OFFLINE)
        for file in (self.one / "checkpoints/epoch_0001.h5", pruned):
            with h5py.File(file) as opened:
                self.assertEqual(self.names_in(opened.attrs["config"]), NAMES, file)
        fine = self.folder / "fine"
        self.succeeds("finetune", pruned, "--run", fine, "--epochs", 1, *OFFLINE)
        self.assertEqual(self.names_in((fine / "config.json").read_text()), NAMES)
        graph = self.folder / "one.onnx"
        self.succeeds("export", self.one, "--to", "onnx", "--out", graph)
        metadata = {entry.key: entry.value for entry in onnx.load(graph).metadata_props}
        self.assertEqual(json.loads(metadata["varphase.class_names"]), NAMES)
        exported = self.folder / "one.safetensors"
        self.succeeds("export", self.one, "--to", "safetensors", "--out", exported)
        self.succeeds("import", exported, "--run", self.folder / "back")
        self.assertEqual(self.names_in((self.folder / "back/config.json").read_text()), NAMES)

        photos = self.folder / "data/test" / os.fsdecode(FOLDERS[0])
        predict = ["predict", pruned, photos, "--samples", 2, *OFFLINE, "--out"]
        self.succeeds(*predict, self.folder / "p.csv")
        with (self.folder / "p.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertEqual(row["class_name"], NAMES[int(row["class"])])
        self.succeeds(*predict, self.folder / "p.jsonl")
        lines = [json.loads(line) for line in (self.folder / "p.jsonl").read_text().splitlines()]
        self.succeeds(*predict, self.folder / "p.json")
        whole = json.loads((self.folder / "p.json").read_text())
        self.assertEqual(whole["class_names"], NAMES)
        for row in lines + whole["predictions"]:
            self.assertEqual(row["class_name"], NAMES[row["class"]])
        self.succeeds(*predict, self.folder / "p.h5")
        with h5py.File(self.folder / "p.h5") as file:
            self.assertEqual(json.loads(file.attrs["class_names"]), NAMES)
            texts = bytes(file["class_name"][:]).decode().split("\0")
            self.assertEqual(texts, [NAMES[label] for label in file["class"][:]])

    def test_whose_names_count(self):
        data = self.folder / "plain"
        data.mkdir()
        for part in ("train", "t10k"):
            idx(data / f"{part}-images-idx3-ubyte", np.zeros((6, 8, 8)) + np.arange(6)[:, None, None])
            idx(data / f"{part}-labels-idx1-ubyte", np.arange(6) % 3)
        self.succeeds(*self.make, "--data", data, "--run", self.one)  # nobody knows any
        self.assertEqual(self.names_in((self.one / "config.json").read_text()), [])
        self.succeeds("predict", self.one, data / "t10k-images-idx3-ubyte", "--out", self.folder / "p.csv", *OFFLINE)
        self.assertTrue((self.folder / "p.csv").read_text().startswith("index,class,entropy,"))
        given = ["--class-names", '["red", "green", "blue"]']
        self.succeeds(*self.make, "--data", data, "--run", self.folder / "two", *given)
        config = self.folder / "two/config.json"
        self.assertEqual(self.names_in(config.read_text()), ["red", "green", "blue"])
        again = ["train", "--config", config, *OFFLINE, "--run"]
        self.succeeds(*again, self.folder / "three")  # the same data: its names stay
        self.assertEqual(self.names_in((self.folder / "three/config.json").read_text()), ["red", "green", "blue"])
        shutil.copytree(data, self.folder / "other")
        self.succeeds(*again, self.folder / "four", "--data", self.folder / "other")  # no names of other images
        self.assertEqual(self.names_in((self.folder / "four/config.json").read_text()), [])
        self.succeeds(*again, self.folder / "five", "--data", self.folder / "data")
        self.assertEqual(self.names_in((self.folder / "five/config.json").read_text()), NAMES)
        self.fails(2, "class_names", arguments=[*self.make, "--data", data, "--run", self.folder / "six", "--class-names", '["red"]'])
        self.fails(2, "class_names", arguments=[*self.make, "--data", data, "--run", self.folder / "six", "--class-names", "[1, 2, 3]"])

    def test_files_of_several_folders_are_told_apart(self):
        self.succeeds(*self.make, "--data", self.folder / "data", "--run", self.one)
        for name in ("a/1.png", "a/2.png", "b/1.png", "b/3.png", "c/a/1.png"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            png(self.folder / name, np.zeros((8, 8)))

        def files(*folders):
            done = run("predict", self.one, *folders, "--out", "p.csv", "--overwrite", "--samples", 2, *OFFLINE, cwd=self.folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            with (self.folder / "p.csv").open(newline="") as file:
                return [row["file"] for row in csv.DictReader(file)]

        self.assertEqual(files("a"), ["1.png", "2.png"])
        self.assertEqual(files("a", "b"), ["a/1.png", "2.png", "b/1.png", "3.png"])
        self.assertEqual(files("a", "b", "c"), ["a/1.png", "2.png", "b/1.png", "3.png", "c/a/1.png"])


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    unittest.main()
