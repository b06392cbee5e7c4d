# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""predict: its numbers are those of eval, in every form of input and output; bad images.

    PYTHONPATH=tests/tools predict_test.py PROGRAM
"""

import csv
import io
import json
import os
import resource
import signal
import subprocess
import time
import unittest

import h5py
import numpy as np

from program import OFFLINE, PROGRAM, ProgramTest, idx, png, run


class Predict(ProgramTest):
    def predict(self, *arguments):
        done = self.works("predict", *arguments, *OFFLINE)
        return done

    def test_predictions_are_what_eval_scores(self):
        one = self.trained()
        pruned = one / "pruned/90.h5"
        self.works("prune", one, "--sparsity", 0.9, "--out", pruned, *OFFLINE)
        random = np.random.default_rng(1)
        data = self.folder / "data"
        data.mkdir()
        images, labels = random.integers(0, 256, (70, 28, 28)), random.integers(0, 10, 70)
        for part in ("train", "t10k"):
            idx(data / f"{part}-images-idx3-ubyte", images)
            idx(data / f"{part}-labels-idx1-ubyte", labels)
        packed = self.folder / "packed.gz"
        idx(packed, images)
        hdf5 = self.folder / "set.h5"
        with h5py.File(hdf5, "w") as file:
            file["images"] = images.astype(np.uint8)

        for source, form in ((one, "auto"), (pruned, "csr"), (pruned, "dense"), (pruned, "compact")):
            done = self.works("eval", source, "--data", data, "--samples", 7, "--form", form, "--json", *OFFLINE)
            wanted = json.loads(done.stdout)["entries"][0]
            modes = ("ensemble", "deterministic", "stochastic", "zero-mean") if source == one else ("ensemble",)
            for mode in modes:
                out = self.folder / f"{mode}.csv"
                self.predict(source, data / "t10k-images-idx3-ubyte", "--mode", mode, "--samples", 7, "--form", form,
                             "--out", out, "--overwrite")  # fmt: skip
                rows = list(csv.DictReader(io.StringIO(out.read_text())))
                self.assertEqual([int(row["index"]) for row in rows], list(range(70)))
                p = np.array([[float(row[f"p{c}"]) for c in range(10)] for row in rows])
                np.testing.assert_allclose(p.sum(1), 1, atol=1e-7)
                self.assertEqual([int(row["class"]) for row in rows], p.argmax(1).tolist())
                entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(1)
                np.testing.assert_allclose([float(row["entropy"]) for row in rows], entropy, atol=1e-6)
                information = np.array([float(row["mutual_information"]) for row in rows])
                self.assertTrue((information >= 0).all())
                self.assertEqual(bool((information > 0).any()), mode in ("ensemble", "zero-mean"))
                name = mode.replace("-", "_")
                self.assertAlmostEqual((p.argmax(1) == labels).mean(), wanted["accuracy"][name], places=9)
                self.assertAlmostEqual(-np.log(p[range(70), labels]).mean(), wanted["nll"][name], places=5)
                self.assertAlmostEqual(entropy.mean(), wanted["entropy"][name], places=5)

        # Every form of input and output, in pieces of any size, says the same.
        def numbers(rows):
            return [[r["index"], r["class"], r["entropy"], r["mutual_information"], *r["probabilities"]] for r in rows]

        out = self.folder / "p.jsonl"
        self.predict(one, packed, "--samples", 7, "--out", out)
        wanted = numbers([json.loads(line) for line in out.read_text().splitlines()])
        self.assertEqual(len(wanted), 70)
        for images_file, batch in ((hdf5, 16), (packed, 1), (data / "t10k-images-idx3-ubyte", 33)):
            out = self.folder / "p.json"
            self.predict(one, images_file, "--samples", 7, "--batch", batch, "--out", out, "--overwrite")
            result = json.loads(out.read_text())
            self.assertEqual([result["mode"], result["samples"]], ["ensemble", 7])
            np.testing.assert_allclose(numbers(result["predictions"]), wanted, atol=2e-6)
        out = self.folder / "p.h5"
        done = self.predict(one, packed, "--samples", 7, "--out", out, "--json")
        self.assertEqual(json.loads(done.stdout)["predicted"], 70)
        with h5py.File(out) as file:
            table = np.column_stack([file[name][:] for name in ("index", "class", "entropy", "mutual_information",
                                                                "probability")])  # fmt: skip
            self.assertEqual(file.attrs["mode"].decode(), "ensemble")
        np.testing.assert_allclose(table, wanted, atol=1e-8)
        self.assertEqual(run("check", out).returncode, 0)
        photos = self.folder / "photos"
        (photos / "b").mkdir(parents=True)
        names = [f"{'b/' if n % 2 else ''}it's, {n:02}.png" for n in range(10)]
        for name, image in zip(names, images):
            png(photos / name, image)
        order = sorted(range(10), key=lambda n: names[n])
        self.predict(one, photos, "--mode", "deterministic", "--out", self.folder / "files.csv")
        rows = list(csv.DictReader(io.StringIO((self.folder / "files.csv").read_text())))
        self.assertEqual([row["file"] for row in rows], [names[n] for n in order])
        plain = list(csv.DictReader(io.StringIO((self.folder / "deterministic.csv").read_text())))
        for row, n in zip(rows, order):  # the same image wherever it lies
            self.assertAlmostEqual(float(row["p3"]), float(plain[n]["p3"]), places=6)
        self.predict(one, photos, "--out", self.folder / "files.h5")
        with h5py.File(self.folder / "files.h5") as file:
            self.assertEqual(bytes(file["files"][:]).decode().split("\0"), [names[n] for n in order])
        done = self.predict(one, packed, "--samples", 7, "--out", "-")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual([row.pop("class_name") for row in rows], [row["class"] for row in rows])  # digits
        np.testing.assert_allclose(np.array([list(row.values()) for row in rows], float), wanted, atol=1e-8)

    def test_predictions_of_bad_images_say_what(self):
        one = self.trained()
        good, out = self.folder / "good.gz", self.folder / "p.csv"
        idx(good, np.zeros((3, 28, 28)))
        small = self.folder / "small"
        idx(small, np.zeros((3, 20, 28)))
        photos = self.folder / "photos"
        (photos / "a").mkdir(parents=True)
        (photos / "a/broken, or not.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
        to = ["--out", out, *OFFLINE]
        self.fails(2, "small: images of 1 x 20 x 28", "wants 1 x 28 x 28", arguments=["predict", one, small, *to])
        self.fails(3, "broken, or not.png: damaged", "--skip-damaged", arguments=["predict", one, photos, *to])
        self.fails(3, "none of the 1 images", arguments=["predict", one, photos, "--skip-damaged", *to])
        self.fails(3, "no such file", "idx", arguments=["predict", one, self.folder / "no", *to])
        self.fails(3, "no/such/run", arguments=["predict", "no/such/run", good, *to])
        self.fails(2, "ensemble", arguments=["predict", one, good, "--mode", "ensembel", *to])
        self.fails(2, "jsonl", arguments=["predict", one, good, "--format", "jsnl", *to])
        self.fails(2, "compact", arguments=["predict", one, good, "--form", "compakt", *to])
        self.fails(2, ".csv", arguments=["predict", one, good, "--out", self.folder / "p.txt", *OFFLINE])
        self.fails(2, "stdout", arguments=["predict", one, good, "--out", "-", "--format", "hdf5", *OFFLINE])
        self.fails(2, "networks", arguments=["predict", one, good, "--epoch", "all", *to])
        self.fails(2, "required", arguments=["predict", one, good, *OFFLINE])
        self.assertFalse(out.exists())
        cut = self.folder / "cut.gz"
        cut.write_bytes(good.read_bytes()[:-9])
        out.write_text("mine")
        self.fails(2, "--overwrite", arguments=["predict", one, good, *to])
        self.fails(3, "cut.gz", arguments=["predict", one, cut, "--overwrite", *to])
        self.assertEqual(out.read_text(), "mine")
        self.assertEqual([name for name in os.listdir(self.folder) if ".tmp." in name], [])
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "predict", one, good, "--out", "-", *OFFLINE], stdout=full,
                                  stderr=subprocess.PIPE, text=True)  # fmt: skip
        self.assertEqual([done.returncode, "stdout: not written" in done.stderr], [3, True], done.stderr)
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        self.fails(3, "not written", arguments=["predict", one, good, "--overwrite", *to], preexec_fn=limit)
        self.assertEqual(out.read_text(), "mine")

    def test_ctrl_c_leaves_no_temporary_file(self):
        one = self.train_tiny("one")
        idx(self.folder / "images.gz", np.zeros((4000, 8, 8)))
        words = [PROGRAM, "predict", one, self.folder / "images.gz", "--out", self.folder / "p.csv", "--samples", "1000000", *OFFLINE]
        with subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            # Until it writes: what is left then is looked for.
            while process.poll() is None and not any(".tmp." in name for name in os.listdir(self.folder)):
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertEqual([name for name in os.listdir(self.folder) if "p.csv" in name], [])


if __name__ == "__main__":
    unittest.main()
