# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""train: the same again, interrupted, with members, begun with other weights, pruned on the way; bad input.

    PYTHONPATH=tests/tools train_test.py PROGRAM
"""

import csv
import json
import resource
import shutil
import signal
import subprocess
import time
import unittest

import h5py
import numpy as np

from program import OFFLINE, PROGRAM, SMALL, ProgramTest, arrays, metrics_of, run, tiny_spec, two_kinds_spec


def identity(path):
    """What of a kappa map says by which request it was made."""
    with h5py.File(path) as file:
        return file.attrs["provenance.request"]


class Train(ProgramTest):
    def test_events_are_json_an_object_a_line(self):
        done = self.works("train", *SMALL, "--epochs", 2, "--json", "--run", self.folder / "lines")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([event["event"] for event in events], ["started", "epoch", "epoch", "result"])
        for event, row in zip(events[1:3], metrics_of(self.folder / "lines")[1:], strict=True):
            self.assertEqual((event["epoch"], event["nll"]), (int(row["epoch"]), float(row["nll"])))
            self.assertEqual(event["scores"]["accuracy_ensemble"], float(row["test_accuracy_ensemble"]))
        self.assertEqual(events[3]["last"]["epoch"], 2)

    def test_the_seed_decides_and_what_is_there_stays(self):
        one = self.train("one", "--epochs", 2)
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
        self.works("train", "--resume", "--run", cut, *OFFLINE)
        self.assertEqual(arrays(whole / "checkpoints/epoch_0006.h5"), arrays(cut / "checkpoints/epoch_0006.h5"))

    def test_epochs_without_evaluation_are_trained_alike(self):
        # The pruning score, the masks and an own validation split take part, so that a disturbance would show.
        more = ["--epochs", 5, "--keep-optimizer", 6, "--prune-sparsity", 0.5, "--set", "data.validation=0.1"]
        every = self.train("every", *more)
        some = self.folder / "some"
        done = self.works("train", *SMALL, "--run", some, *more, "--evaluate-every", 2)
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
        self.works("train", "--resume", "--run", some, *OFFLINE)
        for one, two in zip(rows[1], metrics_of(some), strict=True):
            for column in ("seconds", "images_per_second"):
                one.pop(column), two.pop(column)
            self.assertEqual(one, two)

        self.works("kappa", some, "--epoch", "last", *OFFLINE)
        done = self.works("transition", some)
        self.assertNotIn("nan", done.stdout)
        self.assertIn("2 of 6 epochs have no deterministic accuracy", done.stdout)
        best = max(evaluated, key=lambda epoch: (float(rows[1][epoch]["validation_accuracy_ensemble"]), -epoch))
        done = self.works("eval", f"{some}@best", "--samples", 2, *OFFLINE)
        self.assertIn(f"epoch {best}", done.stdout)
        self.fails(2, "evaluate", arguments=["train", *SMALL, "--run", self.folder / "x", "--evaluate-every", 0])

    def test_kappa_beside_training_is_what_kappa_makes(self):
        every = ["--kappa-every", 2, "--keep-optimizer", 4]
        plain = self.train_tiny("plain", "--keep-optimizer", 4, epochs=3)
        beside = self.train_tiny("beside", *every, epochs=3)
        for epoch in range(4):
            name = f"checkpoints/epoch_{epoch:04}.h5"
            self.assertEqual(arrays(plain / name), arrays(beside / name), epoch)
        made = {path.name: (arrays(path), identity(path)) for path in (beside / "kappa").glob("*.h5")}
        self.assertEqual(sorted(made), [f"epoch_{epoch:04}.h5" for epoch in (0, 2, 3)])
        histogram = (beside / "kappa/histogram.csv").read_text()
        self.works("kappa", beside, "--epoch", "0,2,3", *OFFLINE)
        for path in (beside / "kappa").glob("*.h5"):
            self.assertEqual(made[path.name], (arrays(path), identity(path)), path)
        self.assertEqual(histogram, (beside / "kappa/histogram.csv").read_text())

        # Killed behind a checkpoint and before its map, and then before the last epoch.
        shutil.rmtree(beside / "kappa")
        (beside / "checkpoints/epoch_0003.h5").unlink()
        self.works("train", "--resume", "--run", beside, *OFFLINE)
        for name, (values, _) in made.items():
            self.assertEqual(values, arrays(beside / "kappa" / name), name)
        self.assertEqual(histogram, (beside / "kappa/histogram.csv").read_text())

        # Layers by second-order backpropagation, and several networks side by side.
        (self.folder / "two.json").write_text(json.dumps(two_kinds_spec()))
        deep = self.folder / "deep"
        self.works("train", "--network", self.folder / "two.json", "--data", "synthetic-digits", "--train-limit", 60, "--test-limit", 20,
                   "--batch-size", 20, "--epochs", 1, "--kappa-every", 1, "--members", 2, "--run", deep, *OFFLINE)  # fmt: skip
        for member in ("00", "01"):
            path = deep / "members" / member / "kappa/epoch_0001.h5"
            values = arrays(path), identity(path)
            self.works("kappa", deep / "members" / member, "--epoch", "last", *OFFLINE)
            self.assertEqual(values, (arrays(path), identity(path)))

        network = {**tiny_spec(), "layers": [{"dense": {"out": 4}}]}
        (self.folder / "none.json").write_text(json.dumps(network))
        for code, words, spec, more in ((2, "multiple", "tiny.json", ["--every", 2, "--kappa-every", 3]), (2, "no variance layer", "none.json", ["--kappa-every", 1])):
            self.fails(code, "kappa_every", words, arguments=["train", "--network", self.folder / spec, "--data", self.folder / "tiny", *more,
                                                              "--batch-size", 50, "--run", self.folder / "x", *OFFLINE])  # fmt: skip
            self.assertFalse((self.folder / "x").exists())

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
        done = self.works("train", "--resume", "--run", five, *OFFLINE)
        self.assertIn("std. dev.", done.stdout)
        self.assertEqual(before, arrays(five / "members/01" / last))
        (side / "members/01/config.json").write_text("{")
        self.fails(3, "members/01", "delete this folder", arguments=["train", "--resume", "--run", side, *OFFLINE])
        self.fails(2, "members/00", arguments=["kappa", five])

    def test_a_network_begins_with_another_one_s_weights(self):
        one = self.trained()
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
        self.works("train", "--resume", "--run", pair, *OFFLINE)
        self.assertTrue((pair / "members/01/checkpoints/epoch_0001.h5").exists())
        shutil.rmtree(pair / "members/01")
        self.fails(3, "epoch_0001.h5: no such file", "members/01", "members.json", arguments=["train", "--resume", "--run", pair, *OFFLINE])
        shutil.move(self.folder / "moved", one)
        self.works("train", "--resume", "--run", pair, *OFFLINE)
        self.fails(2, "9000000000000001", "--seed", arguments=["train", *SMALL, "--run", self.folder / "no", "--members", 2, "--seed", 9 * 10**15])
        self.assertFalse((self.folder / "no").exists())

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

    def test_a_full_disk_costs_nothing_that_was_there(self):
        one = self.trained()
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
        self.fails(2, "varphase: --epochs", "1", arguments=[*train, "--epochs", 0])
        self.fails(2, "batch_size", "540", arguments=[*train, "--batch-size", 5000])
        self.fails(2, "sgd", arguments=[*train, "--optimizer", "sdg"])
        self.fails(2, "cosine", arguments=[*train, "--schedule", "cosin"])
        self.fails(2, "bf16", arguments=[*train, "--precision", "fp16"])
        self.fails(2, "nesterov", arguments=[*train, "--optimizer", "sgd", "--momentum", 0, "--nesterov", "true"])
        self.fails(2, "log_alpha_max", arguments=[*train, "--log-alpha-max", -6])
        self.fails(2, "--members", arguments=[*train, "--side-by-side", 2])
        self.fails(3, "no run", arguments=["train", "--resume", "--epochs", 3, "--run", two])
        self.assertFalse(two.exists())
        self.fails(3, "no/such/folder", arguments=["train", "--preset", "quickstart", "--data", "no/such/folder", "--run", two])
        self.fails(4, "cuda:99", arguments=["train", "--preset", "quickstart", "--device", "cuda:99", "--run", two])

    def test_a_training_that_diverges_names_the_last_good_checkpoint(self):
        self.fails(5, "last good checkpoint", "epoch_0000.h5",
                   arguments=["train", *SMALL, "--epochs", 2, "--learning-rate", 10, "--set", "train.log_alpha_rate=1e6",
                              "--set", "train.kl_weight=1000", "--set", "train.beta2=0", "--run", self.folder / "wild"])  # fmt: skip


if __name__ == "__main__":
    unittest.main()
