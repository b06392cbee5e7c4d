# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Training over two and three processes (Gloo): the bits of one number of ranks, rounding between numbers, resumes, errors.

    ranks_test.py PROGRAM
"""

import json
import unittest

import h5py
import numpy

from program import OFFLINE, ProgramTest, arrays, idx_folder, metrics_of, tiny_spec
from ranks import Ranks, torchrun

# Float32 sums over a batch in another order move a gradient by some 1e-7 of itself. Seen after 3 epochs of 25 steps: 5e-7 of an array's largest
# entry by two and by three ranks.
LARGEST = 1e-5  # of the largest entry of an array
TYPICAL = 2e-6  # root of the mean square difference, likewise


def spec():
    """Both forms of batch norm (fused with what follows, and alone), dropout, both kinds of variance layers. A bias in front of batch norm would
    have rounding alone as its gradient, of which Adam makes whole steps."""
    return {"input": [1, 8, 8], "classes": 4, "layers": [
        {"conv2d": {"out": 6, "kernel": 3, "bias": False}}, "batch_norm", "softplus", {"max_pool": 2}, {"dropout": 0.2},
        {"variance_conv2d": {"out": 8, "kernel": 2}}, "batch_norm", {"dropout": 0.1},
        {"variance_dense": {"out": 12, "parameterization": "additive"}}, "batch_norm", "softplus", {"dense": {"out": 4}}]}  # fmt: skip


def differences(first, second):
    """(largest, typical) difference of two checkpoints' parameters, as shares of each array's largest entry."""
    largest = typical = 0.0
    with h5py.File(first) as a, h5py.File(second) as b:
        names = []
        a.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in names:
            if name.startswith("optimizer"):
                continue
            one, other = a[name][()].astype(float), b[name][()].astype(float)
            scale = max(abs(one).max(), 1e-3) if one.size else 1
            largest = max(largest, abs(one - other).max() / scale)
            typical = max(typical, numpy.sqrt(numpy.mean((one - other) ** 2)) / scale)
    return largest, typical


class RanksTest(ProgramTest):
    def setUp(self):
        super().setUp()
        (self.folder / "net.json").write_text(json.dumps(spec()))
        idx_folder(self.folder / "data", train=250, test=40)
        self.training = ["train", "--network", self.folder / "net.json", "--data", self.folder / "data", "--batch-size", 10,
                         "--samples", 2, "--keep-optimizer", 4, "--augment", "crop-flip", "--crop-padding", 1, *OFFLINE]  # fmt: skip

    def run_ranks(self, count, *arguments):
        """All end well, and only the first speaks."""
        results = Ranks(count, *arguments).ended()
        for rank, (code, out, err) in enumerate(results):
            self.assertEqual(code, 0, f"rank {rank}: {out}{err}")
            self.assertEqual(out == "", rank > 0, out)
        return results

    def train(self, name, count, *more, epochs=3):
        arguments = [*self.training, "--epochs", epochs, "--run", self.folder / name, *more]
        if count == 1:
            self.works(*arguments)
        else:
            self.run_ranks(count, *arguments)
        return self.folder / name

    def assert_near(self, first, second, epoch=3):
        largest, typical = differences(*(run / f"checkpoints/epoch_{epoch:04}.h5" for run in (first, second)))
        self.assertLessEqual(largest, LARGEST)
        self.assertLessEqual(typical, TYPICAL)
        for one, other in zip(metrics_of(first)[1:], metrics_of(second)[1:]):
            for name in ("nll", "test_nll_deterministic", "test_nll_ensemble"):
                self.assertAlmostEqual(float(one[name]) / float(other[name]), 1, delta=1e-5)

    def test_numbers_of_ranks(self):
        one, two, three = (self.train(str(count), count, *(["--kappa-every", 3] if count == 2 else [])) for count in (1, 2, 3))
        self.assert_near(one, two)
        self.assert_near(one, three)  # ten images: shares of three, three and four
        again = self.train("again", 2)
        last = "checkpoints/epoch_0003.h5"
        self.assertEqual(arrays(two / last), arrays(again / last))
        self.assertNotEqual(arrays(one / last), arrays(two / last))  # else nothing was tested
        # The maps made beside it are those of the checkpoints.
        for epoch in (0, 3):
            path = two / f"kappa/epoch_{epoch:04}.h5"
            with h5py.File(path) as file:
                beside = {name: layer["hessian_diagonal"][()] for name, layer in file["layers"].items()}
            self.works("kappa", two, "--epoch", epoch, *OFFLINE)
            with h5py.File(path) as file:
                for name, layer in file["layers"].items():
                    own = layer["hessian_diagonal"][()]
                    self.assertLessEqual(abs(own - beside[name]).max(), 2e-6 * abs(own).max(), name)

    def test_resume(self):
        whole = self.train("whole", 2)
        parts = self.train("parts", 2, "--schedule", "constant", epochs=2)
        straight = self.train("straight", 2, "--schedule", "constant", epochs=3)
        self.run_ranks(2, "train", "--resume", "--run", parts, "--epochs", 3, *OFFLINE)
        last = "checkpoints/epoch_0003.h5"
        self.assertEqual(arrays(parts / last), arrays(straight / last))
        # A checkpoint of two ranks under one, and under three.
        for count in (1, 3):
            (whole / last).unlink()
            self.run_ranks(count, "train", "--resume", "--run", whole, *OFFLINE)
            self.assert_near(whole, self.train(f"fresh{count}", 1))
        done = self.run_ranks(2, "train", "--resume", "--run", whole, *OFFLINE)
        self.assertIn("all of its 3 epochs are trained", done[0][1])

    def test_bf16_sums(self):
        exact, rough = self.train("exact", 2, epochs=1), self.train("rough", 2, "--reduction", "bf16", epochs=1)
        largest, _ = differences(*(run / "checkpoints/epoch_0001.h5" for run in (exact, rough)))
        self.assertGreater(largest, 1e-6)
        self.assertLess(largest, 0.05)

    def test_torchrun(self):
        by_hand = self.train("by-hand", 2, epochs=1)
        started = torchrun(2, *self.training, "--epochs", 1, "--run", self.folder / "torchrun")
        out, err = started.communicate(timeout=120)
        self.assertEqual(started.returncode, 0, out + err)
        self.assertEqual(*(arrays(run / "checkpoints/epoch_0001.h5") for run in (by_hand, self.folder / "torchrun")))

    def test_errors_are_told_once(self):
        for code, word, more in ((2, "more than the 5 training images", ["--train-limit", 5]), (4, "GPUs", ["--device", "cuda"])):
            arguments = [word for word in self.training if word not in ("--device", "cpu")] if code == 4 else self.training
            results = Ranks(2, *arguments, "--run", self.folder / "bad", "--epochs", 1, *more).ended(40)
            said = "".join(err for _, _, err in results)
            if code == 4 and results[0][0] == 0:
                continue  # a machine with GPUs
            self.assertEqual([code for code, _, _ in results], [code, code], results)
            self.assertEqual(said.count("varphase:"), 1, results)
            self.assertIn(word, said)
        # What all ranks find at once is said once.
        (self.folder / "tiny.json").write_text(json.dumps(tiny_spec()))
        results = Ranks(2, "train", "--network", self.folder / "tiny.json", "--data", self.folder / "data", "--batch-size", 12, "--epochs", 3,
                        "--optimizer", "sgd", "--learning-rate", 1000, "--run", self.folder / "nan", *OFFLINE).ended(40)  # fmt: skip
        self.assertEqual([code for code, _, _ in results], [5, 5], results)
        self.assertEqual("".join(err for _, _, err in results).count("varphase:"), 1, results)
        # A verb that is not shared is the first rank's.
        run = self.train("run", 1, epochs=1)
        results = self.run_ranks(2, "inspect", run / "checkpoints/epoch_0001.h5")
        self.assertIn("epoch", results[0][1])


if __name__ == "__main__":
    unittest.main()
