# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The program as its user meets it: the whole chain, bad input with its exit codes, interruption, a full disk.

    cli_test.py PROGRAM
"""

import csv
import io
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import h5py
import numpy as np

from program import OFFLINE, PROGRAM, SMALL, ProgramTest, arrays, idx, metrics_of, png, run


class Program(ProgramTest):
    def test_the_whole_chain(self):
        one = self.train("one", "--epochs", 2)
        for verb in (["kappa", one, "--verify", 5, *OFFLINE],
                     ["kappa", one, "--layer", "conv2", "--epoch", "last", *OFFLINE], ["transition", one],
                     ["sweep", one, "--samples", 5, "--choose", "drop<=5", *OFFLINE],
                     ["prune", one, "--sparsity", 0.9, "--repair", "batch-norm", "--out", one / "pruned/90.h5", *OFFLINE],
                     ["eval", one, one / "pruned/90.h5", "--samples", 5, *OFFLINE],
                     ["report", one], ["check", one], ["inspect", one / "pruned/90.h5"]):  # fmt: skip
            done = run(*verb)
            self.assertEqual(done.returncode, 0, f"{verb}: {done.stderr}")
        self.assertTrue((one / "report.html").is_file())
        self.assertTrue((one / "kappa/layers/epoch_0002_conv2.h5").is_file())  # beside the run's map
        refused = run("kappa", one, "--layer", "conv2", "--epoch", "last", "--max-seconds", 1e-6, *OFFLINE)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--max-seconds", refused.stderr)
        rows = json.loads(run("transition", one, "--json").stdout)["rows"]
        self.assertEqual([row["epoch"] for row in rows], [0, 1, 2])

        same = self.train("same", "--epochs", 2)
        for epoch in ("epoch_0000.h5", "epoch_0002.h5"):
            self.assertEqual(arrays(one / "checkpoints" / epoch), arrays(same / "checkpoints" / epoch))
        other = self.train("other", "--epochs", 2, "--seed", 2)
        self.assertNotEqual(arrays(one / "checkpoints/epoch_0002.h5"), arrays(other / "checkpoints/epoch_0002.h5"))

        # A run that is there stays as it is, until it is to be replaced.
        before = arrays(one / "checkpoints/epoch_0002.h5")
        self.fails(2, "--overwrite", arguments=["train", *SMALL, "--run", one])
        self.assertEqual(before, arrays(one / "checkpoints/epoch_0002.h5"))
        self.train("one", "--epochs", 1, "--overwrite")
        self.assertFalse((one / "checkpoints/epoch_0002.h5").exists())

    def test_kappa_by_class_adds_up_to_the_whole(self):
        one = self.train("one", "--epochs", 1)
        kappa = ["kappa", one, "--epoch", "last", "--json", *OFFLINE]
        whole = json.loads(run(*kappa).stdout)
        before = arrays(one / "kappa/epoch_0001.h5")
        done = run(*kappa, "--by", "class")
        self.assertEqual(done.returncode, 0, done.stderr)
        by_class = json.loads(done.stdout)
        self.assertEqual(before, arrays(one / "kappa/epoch_0001.h5"))
        self.assertIsNone(whole["repeatable"])  # a closed form makes no pass that is tried twice
        self.assertEqual([row["class"] for row in by_class["rows"]], list(range(10)))
        self.assertEqual(sum(row["images"] for row in by_class["rows"]), whole["images"])
        self.assertEqual(by_class["sums"][0]["images"], whole["images"])
        total = 0
        for label in range(10):
            with h5py.File(one / f"kappa/classes/epoch_0001_class_{label:02}.h5") as file:
                self.assertEqual(file.attrs["class"], label)
                total = total + file["layers/dense1/hessian_diagonal"][:].astype(np.float64)
        with h5py.File(one / "kappa/epoch_0001.h5") as file:
            wanted, variance = file["layers/dense1/hessian_diagonal"][:], file["layers/dense1/variance"][:].astype(float)
        self.assertLess(np.abs(total - wanted).max(), 1e-5 * np.abs(wanted).max())
        sums = total.astype(np.float32).astype(float) * variance
        self.assertEqual(by_class["sums"][0]["over"], int((np.abs(sums) > whole["kappa0"]).sum()))
        table = run("kappa", one, "--epoch", "last", "--by", "class", *OFFLINE).stdout
        self.assertLessEqual(max(map(len, table.splitlines()[:12])), 80)
        self.fails(2, "class", arguments=["kappa", one, "--by", "label", *OFFLINE])

    def test_kappa_by_image_names_images_by_their_numbers(self):
        one = self.train("one", "--epochs", 1)
        kappa = ["kappa", one, "--epoch", "last", "--by", "image", "--top", 3, *OFFLINE]
        done = run(*kappa, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        layer = json.loads(done.stdout)["layers"][0]
        self.assertEqual((layer["layer"], len(layer["weights"])), ("dense1", 3))
        with h5py.File(one / "kappa/epoch_0001.h5") as file:
            wanted = (file["layers/dense1/hessian_diagonal"][:].astype(float) * file["layers/dense1/variance"][:]).ravel()
        largest = [weight["weight"] for weight in layer["weights"]]
        self.assertEqual(sorted(np.abs(wanted[largest]), reverse=True), list(np.abs(wanted[largest])))
        self.assertEqual(np.abs(wanted).max(), np.abs(wanted[largest[0]]))
        with (one / "kappa/images/epoch_0001.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 3 * 20)
        for weight in layer["weights"]:
            self.assertAlmostEqual(weight["kappa"] / wanted[weight["weight"]], 1, 4)
            self.assertEqual(np.ravel_multi_index(weight["index"], (500, 800)), weight["weight"])
            for image in weight["images"]:
                self.assertLess(image["image"], 600)
                self.assertIn(image["label"], range(10))
        self.assertEqual([int(row["image"]) for row in rows[:20]], [image["image"] for image in layer["weights"][0]["images"]])
        self.assertLessEqual(max(map(len, run(*kappa).stdout.splitlines()[:8])), 80)
        self.fails(2, "noise", arguments=[*kappa, "--method", "estimate"])
        self.fails(2, "--top", arguments=[*kappa, "--top", 0])

    def test_an_interrupted_kappa_goes_on_bit_for_bit(self):
        one = self.train("one", "--epochs", 1)
        general = ["kappa", one, "--layer", "conv1", "--epoch", "last", "--threads", 1, "--device", "cpu"]
        file = one / "kappa/layers/epoch_0001_conv1.h5"
        self.assertEqual(run(*general).returncode, 0)
        wanted, first = arrays(file), file.read_bytes()
        again = run(*general, "--json")
        self.assertIs(json.loads(again.stdout)["repeatable"], True)
        self.assertEqual(file.read_bytes(), first)  # made before: taken over
        with h5py.File(file) as map_file:
            self.assertEqual(map_file.attrs["repeatable"], 1)
        file.unlink()
        with subprocess.Popen([PROGRAM, *map(str, general)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            for line in running.stderr:
                if "an epoch" in line:  # it begins
                    break
            running.send_signal(signal.SIGINT)
            said = running.communicate()[1]
        self.assertEqual(running.returncode, 130, said)
        self.assertIn("goes on from here", said)
        self.assertFalse(file.exists())
        self.assertEqual(len(list((one / "kappa/partial").iterdir())), 1)
        self.assertEqual(run("check", one).returncode, 0)
        done = run(*general)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("goes on after", done.stderr)
        self.assertEqual(arrays(file), wanted)
        self.assertFalse((one / "kappa/partial").exists())

    def predict(self, *arguments):
        done = run("predict", *arguments, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_predictions_are_what_eval_scores(self):
        one = self.train("one", "--epochs", 1)
        pruned = one / "pruned/90.h5"
        done = run("prune", one, "--sparsity", 0.9, "--out", pruned, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
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
            done = run("eval", source, "--data", data, "--samples", 7, "--form", form, "--json", *OFFLINE)
            self.assertEqual(done.returncode, 0, done.stderr)
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
        one = self.train("one", "--epochs", 1)
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

    def estimate(self, *arguments):
        """What a verb says of its length, which is then stopped."""
        with subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
            deadline = threading.Timer(120, running.kill)
            deadline.start()
            said = []
            for line in running.stderr:
                said.append(line)
                if line.startswith("about "):
                    running.send_signal(signal.SIGINT)
                    break
            said += running.stderr.readlines()
            deadline.cancel()
        found = [line for line in said if line.startswith("about ")]
        self.assertEqual(len(found), 1, said)
        self.assertRegex(found[0], r"^about \d+ (s|min \d\d s|h \d\d min) \(.*, measured over the first [\d,]+ (steps|images|passes)\)$")
        return found[0]

    def test_long_verbs_say_about_how_long_they_take(self):
        small = [flag for flag in SMALL if flag != "--quiet"]
        offline = [flag for flag in OFFLINE if flag != "--quiet"]
        one, long = self.folder / "one", self.folder / "long"
        images = self.folder / "images"
        idx(images, np.random.default_rng(1).integers(0, 256, (1000, 28, 28)))
        predict = ["predict", one, images, "--out", self.folder / "p.csv", "--overwrite", *offline]
        for short in (["train", *small, "--epochs", 1, "--run", one], ["eval", one, "--samples", 2, *offline],
                      ["sweep", one, "--samples", 2, *offline], [*predict, "--samples", 2]):  # fmt: skip
            done = run(*short)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("about ", done.stderr)

        line = self.estimate("train", *small, "--epochs", 1000, "--run", long)
        self.assertIn("(1000 epochs, measured over the first ", line)
        self.assertIn(line, (long / "log.txt").read_text())
        self.assertRegex(self.estimate("train", "--resume", "--run", long, *offline), r"\(9\d\d of 1000 epochs,")
        self.assertIn("(2 networks,", self.estimate("eval", one, "--epoch", "all", "--samples", 20000, *offline))
        self.assertIn("(sweep of 60 networks,", self.estimate("sweep", *[one] * 60, "--samples", 20, *offline))
        self.assertIn("(1,000 images,", self.estimate(*predict, "--samples", 20000))

    def test_an_interrupted_run_goes_on_bit_for_bit(self):
        whole = self.train("whole", "--epochs", 6)
        cut = self.folder / "cut"
        process = subprocess.Popen([PROGRAM, "train", *SMALL, "--epochs", "6", "--run", str(cut)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
        first = cut / "checkpoints/epoch_0001.h5"
        deadline = time.monotonic() + 300
        while not first.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
        self.assertEqual(process.returncode, 130, said)
        self.assertIn("--resume", said)
        done = run("train", "--resume", "--run", cut, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(arrays(whole / "checkpoints/epoch_0006.h5"), arrays(cut / "checkpoints/epoch_0006.h5"))

    def test_epochs_without_evaluation_are_trained_alike(self):
        # The pruning score, the masks and an own validation split take part, so that a disturbance would show.
        more = ["--epochs", 5, "--keep-optimizer", 6, "--prune-sparsity", 0.5, "--set", "data.validation=0.1"]
        every = self.train("every", *more)
        some = self.folder / "some"
        done = run("train", *SMALL, "--run", some, *more, "--evaluate-every", 2)
        self.assertEqual(done.returncode, 0, done.stderr)
        evaluated = [0, 2, 4, 5]
        shown = [line.split() for line in done.stdout.splitlines() if line.split()[:1] and line.split()[0].isdigit()]
        self.assertEqual([len(cells) for cells in shown], [6, 8, 6, 8, 8])  # two cells are empty
        rows = [metrics_of(every), metrics_of(some)]
        self.assertEqual(len(rows[1]), 6)
        for full, part in zip(*rows, strict=True):
            epoch = int(part["epoch"])
            for column, value in full.items():
                if column in ("seconds", "images_per_second"):
                    self.assertTrue(part[column])
                    continue
                of_evaluation = column.startswith(("test_", "validation_"))
                self.assertEqual(part[column], "" if of_evaluation and epoch not in evaluated else value, column)
        for epoch in range(6):
            name = f"checkpoints/epoch_{epoch:04}.h5"
            self.assertEqual(arrays(every / name), arrays(some / name), epoch)
            with h5py.File(some / name) as file:
                self.assertIn("metrics.kl", file.attrs)
                self.assertEqual("metrics.validation_accuracy_ensemble" in file.attrs, epoch in evaluated)

        # An interrupted run's rows stay as they are, and its further ones too.
        for epoch in (3, 4, 5):
            (some / f"checkpoints/epoch_{epoch:04}.h5").unlink()
        done = run("train", "--resume", "--run", some, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        for one, two in zip(rows[1], metrics_of(some), strict=True):
            for column in ("seconds", "images_per_second"):
                one.pop(column), two.pop(column)
            self.assertEqual(one, two)

        done = run("kappa", some, "--epoch", "last", *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run("transition", some)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("nan", done.stdout)
        self.assertIn("2 of 6 epochs have no deterministic accuracy", done.stdout)
        best = max(evaluated, key=lambda epoch: (float(rows[1][epoch]["validation_accuracy_ensemble"]), -epoch))
        done = run("eval", f"{some}@best", "--samples", 2, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"epoch {best}", done.stdout)
        self.fails(2, "evaluate", arguments=["train", *SMALL, "--run", self.folder / "x", "--evaluate-every", 0])

    def test_members_are_runs_of_their_own(self):
        five = self.train("five", "--epochs", 1, "--members", 2)
        single = self.train("single", "--epochs", 1, "--seed", 2)
        side = self.train("side", "--epochs", 1, "--members", 2, "--side-by-side", 2)
        last = "checkpoints/epoch_0001.h5"
        self.assertEqual(arrays(five / "members/01" / last), arrays(single / last))
        self.assertNotEqual(arrays(five / "members/00" / last), arrays(single / last))
        for member in ("members/00", "members/01"):
            self.assertEqual(arrays(five / member / last), arrays(side / member / last))

        # What is missing is trained anew, what is there stays.
        before = arrays(five / "members/01" / last)
        shutil.rmtree(five / "members/01")
        done = run("train", "--resume", "--run", five, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("std. dev.", done.stdout)
        self.assertEqual(before, arrays(five / "members/01" / last))
        (side / "members/01/config.json").write_text("{")
        self.fails(3, "members/01", "delete this folder", arguments=["train", "--resume", "--run", side, *OFFLINE])
        self.fails(2, "members/00", arguments=["kappa", five])

        done = run("eval", "--together", five, "--samples", 5, "--json", *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual([len(result["entries"]), result["together"]["networks"]], [2, 2])
        own = [entry["nll"]["ensemble"] for entry in result["entries"]]
        self.assertLessEqual(result["together"]["nll"]["ensemble"], sum(own) / 2)  # Jensen

    def test_a_network_begins_with_another_one_s_weights(self):
        one = self.train("one", "--epochs", 1)
        spec = json.loads((one / "config.json").read_text())["network"]
        last = one / "checkpoints/epoch_0001.h5"
        two = self.train("two", "--epochs", 1, "--init", one, "--initial-log-alpha", -3)
        with h5py.File(last) as source, h5py.File(two / "checkpoints/epoch_0000.h5") as begun:
            self.assertEqual(source["parameters/dense1/mean"][()].tobytes(), begun["parameters/dense1/mean"][()].tobytes())
            self.assertEqual(begun["parameters/dense1/log_alpha"][0], -3)
            self.assertIn("epoch_0001.h5", begun.attrs["provenance.init"].decode())
            self.assertEqual(json.loads(begun.attrs["config"].decode())["train"]["precision"], "tf32")
        for entry in spec["layers"]:
            if "variance_dense" in entry:
                entry["variance_dense"]["out"] = 40
        other = self.folder / "other.json"
        other.write_text(json.dumps(spec))
        self.fails(2, "dense1/mean", "[40, ", arguments=["train", *SMALL, "--network", other, "--init", one, "--run", self.folder / "no"])
        self.assertFalse((self.folder / "no").exists())

        # A resume wants the file as long as a member has yet to begin, and no longer.
        pair = self.train("pair", "--epochs", 1, "--init", one, "--members", 2, "--keep-optimizer", 2)
        shutil.move(one, self.folder / "moved")
        (pair / "members/01/checkpoints/epoch_0001.h5").unlink()
        done = run("train", "--resume", "--run", pair, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((pair / "members/01/checkpoints/epoch_0001.h5").exists())
        shutil.rmtree(pair / "members/01")
        self.fails(3, "epoch_0001.h5: no such file", "members/01", "members.json", arguments=["train", "--resume", "--run", pair, *OFFLINE])
        shutil.move(self.folder / "moved", one)
        done = run("train", "--resume", "--run", pair, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.fails(2, "9000000000000001", "--seed", arguments=["train", *SMALL, "--run", self.folder / "no", "--members", 2, "--seed", 9 * 10**15])
        self.assertFalse((self.folder / "no").exists())

    def last_epoch_again(self, run_folder, epoch, verb):
        """The arrays of a run's last checkpoint, and of the same made anew by a resume from the one before."""
        last = run_folder / f"checkpoints/epoch_{epoch:04}.h5"
        before = arrays(last)
        last.unlink()
        done = run(verb, "--resume", "--run", run_folder, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return before, arrays(last)

    def test_a_pruned_network_is_trained_on(self):
        one = self.train("one", "--epochs", 1)
        pruned, fine = one / "pruned/90.h5", self.folder / "fine"
        done = run("prune", one, "--sparsity", 0.9, "--out", pruned, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run("finetune", pruned, "--run", fine, "--epochs", 3, "--keep-optimizer", 3, *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("90.00", done.stdout)
        first, last = (arrays(fine / f"checkpoints/epoch_000{epoch}.h5") for epoch in (0, 3))
        with h5py.File(pruned) as file:
            kept = np.zeros(file["layers/dense1/indptr"].size - 1), file["layers/dense1/indices"][:]
            rows = np.repeat(np.arange(kept[0].size), np.diff(file["layers/dense1/indptr"][:]))
            means, alpha = file["layers/dense1/mean"][:], file["layers/dense1/alpha"][0]
        with h5py.File(fine / "checkpoints/epoch_0000.h5") as file:
            mean, log_alpha = file["parameters/dense1/mean"][:], file["parameters/dense1/log_alpha"][0]
        np.testing.assert_array_equal(mean[rows, kept[1]], means)
        np.testing.assert_allclose(np.exp(np.float64(log_alpha)), alpha, rtol=4e-6)
        mask = np.zeros(mean.shape, bool)
        mask[rows, kept[1]] = True
        for epoch in (0, 3):
            with h5py.File(fine / f"checkpoints/epoch_000{epoch}.h5") as file:
                bits = np.unpackbits(file["masks/dense1/kept"][:], count=mask.size, bitorder="little")
                np.testing.assert_array_equal(bits.reshape(mask.shape), mask)
                self.assertFalse(file["parameters/dense1/mean"][:][~mask].any())
        self.assertNotEqual(first["parameters/dense1/mean"], last["parameters/dense1/mean"])
        self.assertIn("sparsity/dense1", (fine / "metrics.csv").read_text())
        self.assertEqual(*self.last_epoch_again(fine, 3, "finetune"))

        # A run like any other; what is dropped stays dropped.
        for verb in (["kappa", fine, "--epoch", "last", *OFFLINE], ["check", fine],
                     ["prune", fine, "--sparsity", 0.95, "--out", fine / "pruned/95.h5", *OFFLINE],
                     ["eval", fine, fine / "pruned/95.h5", "--samples", 2, *OFFLINE]):  # fmt: skip
            done = run(*verb)
            self.assertEqual(done.returncode, 0, f"{verb}: {done.stderr}")
        with h5py.File(fine / "pruned/95.h5") as file:
            self.assertEqual(file["layers/dense1/indices"].size, mask.size // 20)

        # By rule mean the dropped weights are held.
        held = self.folder / "held"
        done = run("prune", one, "--sparsity", 0.9, "--replace", "mean", "--out", one / "pruned/mean.h5", *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.fails(2, "weight_decay", "--replace zero", arguments=["finetune", one / "pruned/mean.h5", "--run", held, "--weight-decay", 0.1, *OFFLINE])
        self.assertFalse(held.exists())

        self.fails(2, "pruned file", arguments=["finetune", "--run", held])
        self.fails(3, "no/such.h5", arguments=["finetune", "no/such.h5", "--run", held])
        self.fails(3, "wants a pruned file", arguments=["finetune", one / "checkpoints/epoch_0001.h5", "--run", held])
        self.fails(2, "parameterization", arguments=["finetune", pruned, "--run", held, "--parameterization", "neurons"])
        self.fails(2, "lies in the run", arguments=["finetune", pruned, "--run", one, "--overwrite"])
        self.fails(2, "--overwrite", arguments=["finetune", pruned, "--run", fine, *OFFLINE])

    def test_weights_go_while_a_network_trains(self):
        more = ["--epochs", 3, "--prune-sparsity", 0.8, "--prune-end", 2, "--keep-optimizer", 3]
        one = self.train("one", *more)
        with open(one / "metrics.csv") as file:
            rows = [float(row["sparsity/dense1"]) for row in csv.DictReader(file)]
        for got, wanted in zip(rows, [0, 0.8 * (1 - 0.125), 0.8, 0.8], strict=True):
            self.assertAlmostEqual(got, wanted, delta=1e-5)
        with h5py.File(one / "checkpoints/epoch_0003.h5") as file:
            mean = file["parameters/dense1/mean"][:]
            kept = np.unpackbits(file["masks/dense1/kept"][:], count=mean.size, bitorder="little").astype(bool)
            self.assertFalse(mean.flatten()[~kept].any())
            self.assertTrue(mean.flatten()[kept].all())
        self.assertEqual(*self.last_epoch_again(one, 3, "train"))
        two = self.folder / "two"
        self.fails(2, "prune_end", arguments=["train", *SMALL, "--run", two, *more, "--prune-begin", 2])
        self.fails(2, "variance-share", arguments=["train", *SMALL, "--run", two, "--prune-criterion", "kapa"])
        self.assertFalse(two.exists())

    def test_layers_anywhere_are_pruned_by_any_criterion(self):
        spec = {"input": [1, 28, 28], "classes": 10, "layers": [
            {"variance_conv2d": {"out": 6, "kernel": 5, "stride": 3}}, "batch_norm", "softplus",
            {"variance_dense": {"out": 20, "parameterization": "additive"}}, "batch_norm", "softplus", {"dense": {"out": 10}}]}  # fmt: skip
        (self.folder / "spec.json").write_text(json.dumps(spec))
        several = self.train("several", "--network", self.folder / "spec.json", "--epochs", 1, "--members", 2)
        one = several / "members/00"

        def result(*arguments):
            done = run(*arguments, "--json", *OFFLINE)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)

        # What a sweep says of a cut is what the file says that holds it.
        how = ["--layer", "conv1,dense1", "--scope", "global", "--repair", "both", "--replace", "zero"]
        swept = result("sweep", one, "--criteria", "sigma2,variance-share,random", "--sparsities", "0.5,0.9",
                       "--split", "test", "--samples", 4, *how)  # fmt: skip
        self.assertEqual([row["criterion"] for row in swept["rows"][::2]], ["sigma2", "variance-share", "random"])
        row = swept["rows"][3]
        made = result("prune", one, "--criterion", "variance-share", "--sparsity", 0.9, *how, "--out", one / "pruned/90.h5")
        self.assertEqual(made["kept"], row["kept"])
        self.assertEqual({layer["layer"]: layer["kept"] for layer in made["layers"]}, row["kept_by_layer"])
        entry = result("eval", one / "pruned/90.h5", "--samples", 4)["entries"][0]
        self.assertAlmostEqual(entry["nll"]["ensemble"], row["nll"], delta=1e-5)
        self.assertAlmostEqual(entry["accuracy"]["ensemble"], row["accuracy"], delta=1e-9)
        self.assertAlmostEqual(entry["layer_sparsity"], row["sparsity"], delta=1e-12)

        # Over several runs: the means, and the standard error between them.
        both = result("sweep", several, "--criteria", "all", "--sparsities", 0.8, "--split", "test", "--samples", 4)
        own = [result("sweep", "--split", "test", "--samples", 4, "--criteria", "sigma2", "--sparsities", 0.8, several / member)
               for member in ("members/00", "members/01")]  # fmt: skip
        first, second = (sweep["rows"][0]["accuracy"] for sweep in own)
        mean = next(row for row in both["rows"] if row["criterion"] == "sigma2")
        self.assertAlmostEqual(mean["accuracy"], (first + second) / 2)
        self.assertAlmostEqual(mean["accuracy_se"], abs(first - second) / 2)
        self.assertIn("snr", [entry["criterion"] for entry in both["left_out"]])
        self.assertIn("conv1", both["left_out"][-1]["why"])

        # A file is pruned further: what is gone stays gone, what is not named stays as it is.
        budget = result("prune", one, "--criterion", "sigma2", "--budget", "dense1=0.5", "--out", one / "pruned/half.h5")
        self.assertEqual([layer["layer"] for layer in budget["layers"]], ["dense1"])
        again = result("prune", one / "pruned/half.h5", "--criterion", "random", "--layer", "conv1", "--sparsity", 0.25)
        self.assertEqual([layer["sparsity"] for layer in again["layers"]], [37 / 150, 0.5])
        more = result("prune", one / "pruned/half.h5", "--criterion", "random", "--layer", "dense1", "--sparsity", 0.75,
                      "--out", one / "pruned/more.h5")  # fmt: skip
        self.assertEqual(more["sparsity"], 0.75)
        with h5py.File(one / "pruned/half.h5") as half, h5py.File(one / "pruned/more.h5") as less:
            def places(file):
                indptr, indices = (file[f"layers/dense1/{name}"][()] for name in ("indptr", "indices"))
                return {(r, c) for r in range(len(indptr) - 1) for c in indices[indptr[r] : indptr[r + 1]]}
            self.assertLess(places(less), places(half))
            self.assertIn("half.h5", less.attrs["provenance.pruned_from"].decode())

        prune = ["prune", one, "--sparsity", 0.5]
        self.fails(2, "dense1=0.98", arguments=["prune", one, "--budget", "dense1:0.5", *OFFLINE])
        self.fails(2, "conv1, dense1", arguments=[*prune, "--layer", "convolution", *OFFLINE])
        self.fails(2, "twice", arguments=[*prune, "--layer", "conv1,conv1", "--criterion", "sigma2", *OFFLINE])
        self.fails(2, "variance", arguments=[*prune, "--criterion", "varience", *OFFLINE])
        self.fails(2, "share one alpha", arguments=[*prune, "--criterion", "snr", "--layer", "conv1", *OFFLINE])
        self.fails(2, "drops nothing", "dense1 0.5",
                   arguments=["prune", one / "pruned/half.h5", "--criterion", "random", "--layer", "dense1", "--sparsity", 0.4, *OFFLINE])  # fmt: skip
        self.fails(2, "beside it", arguments=["sweep", one, "--criteria", "all,kappa", *OFFLINE])
        self.fails(2, "of kappa alone", arguments=["sweep", one, "--criteria", "sigma2", "--thresholds", 1, *OFFLINE])
        self.fails(2, "is there already", arguments=["prune", one, "--criterion", "random", "--sparsity", 0.5, "--out", one / "pruned/half.h5", *OFFLINE])

    def test_a_full_disk_costs_nothing_that_was_there(self):
        one = self.train("one", "--epochs", 1)
        before = arrays(one / "checkpoints/epoch_0001.h5")
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        self.fails(3, "not written", arguments=["train", *SMALL, "--epochs", 1, "--run", self.folder / "two"], preexec_fn=limit)
        self.assertEqual(before, arrays(one / "checkpoints/epoch_0001.h5"))
        self.assertFalse((self.folder / "two").exists())

    def test_bad_input_says_what_and_has_its_exit_code(self):
        two = self.folder / "two"
        train = ["train", *SMALL, "--run", two]
        self.fails(2, "quickstart", arguments=["train", "--preset", "quickstat", "--run", two])
        self.fails(2, "train.epoch", "epochs", arguments=[*train, "--set", "train.epoch=3"])
        self.fails(2, "train.epochs", "1", arguments=[*train, "--epochs", 0])
        self.fails(2, "batch_size", "540", arguments=[*train, "--batch-size", 5000])
        self.fails(2, "sgd", arguments=[*train, "--optimizer", "sdg"])
        self.fails(2, "cosine", arguments=[*train, "--schedule", "cosin"])
        self.fails(2, "bf16", arguments=[*train, "--precision", "fp16"])
        self.fails(2, "nesterov", arguments=[*train, "--optimizer", "sgd", "--momentum", 0, "--nesterov", "true"])
        self.fails(2, "log_alpha_max", arguments=[*train, "--log-alpha-max", -6])
        self.fails(2, "--members", arguments=[*train, "--side-by-side", 2])
        self.fails(3, "no run", arguments=["train", "--resume", "--epochs", 3, "--run", two])
        self.assertFalse(two.exists())
        self.fails(3, "no/such/run", arguments=["kappa", "no/such/run"])
        self.fails(3, "no/such/folder", arguments=["train", "--preset", "quickstart", "--data", "no/such/folder", "--run", two])
        self.fails(4, "cuda:99", arguments=["train", "--preset", "quickstart", "--device", "cuda:99", "--run", two])

        one = self.train("one", "--epochs", 1)
        good = one / "checkpoints/epoch_0001.h5"
        self.fails(2, "drop<=", arguments=["sweep", one, "--choose", "best", "--samples", 1, *OFFLINE])
        self.fails(2, "--threshold", arguments=["prune", one])
        foreign = self.folder / "foreign.h5"
        foreign.write_bytes(b"no HDF5 at all" * 100)
        self.fails(3, "foreign.h5", arguments=["inspect", foreign])
        damaged = self.folder / "damaged.h5"
        damaged.write_bytes(good.read_bytes()[:-1000])
        self.fails(3, "damaged.h5", arguments=["eval", damaged, *OFFLINE])
        self.fails(3, arguments=["check", damaged])
        self.fails(5, "last good checkpoint", "epoch_0000.h5",
                   arguments=["train", *SMALL, "--epochs", 2, "--learning-rate", 10, "--set", "train.log_alpha_rate=1e6",
                              "--set", "train.kl_weight=1000", "--set", "train.beta2=0", "--run", self.folder / "wild"])  # fmt: skip

    def test_light_verbs_do_not_load_the_engine(self):
        with tempfile.TemporaryDirectory() as folder:
            front = pathlib.Path(folder) / "varphase"
            shutil.copy(PROGRAM, front)  # no engine beside it
            for arguments in (["--help"], ["--version"], ["train", "--help"], ["data", "synthetic-digits"]):
                done = subprocess.run([front, *arguments], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
            done = subprocess.run([front, "kappa", "runs/x"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("varphase-engine", done.stderr)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    unittest.main()
