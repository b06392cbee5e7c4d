# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""finetune: a pruned network is trained on, and what it dropped stays dropped; bad input.

    PYTHONPATH=tests/tools finetune_test.py PROGRAM
"""

import unittest

import h5py
import numpy as np

from program import OFFLINE, ProgramTest, arrays, run


class Finetune(ProgramTest):
    def test_a_pruned_network_is_trained_on(self):
        one = self.trained()
        pruned, fine = one / "pruned/90.h5", self.folder / "fine"
        self.works("prune", one, "--sparsity", 0.9, "--out", pruned, *OFFLINE)
        done = self.works("finetune", pruned, "--run", fine, "--epochs", 3, "--keep-optimizer", 3, *OFFLINE)
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
        self.works("prune", one, "--sparsity", 0.9, "--replace", "mean", "--out", one / "pruned/mean.h5", *OFFLINE)
        self.fails(2, "weight_decay", "--replace zero", arguments=["finetune", one / "pruned/mean.h5", "--run", held, "--weight-decay", 0.1, *OFFLINE])
        self.assertFalse(held.exists())

        self.fails(2, "pruned file", arguments=["finetune", "--run", held])
        self.fails(3, "no/such.h5", arguments=["finetune", "no/such.h5", "--run", held])
        self.fails(3, "wants a pruned file", arguments=["finetune", one / "checkpoints/epoch_0001.h5", "--run", held])
        self.fails(2, "parameterization", arguments=["finetune", pruned, "--run", held, "--parameterization", "neurons"])
        self.fails(2, "lies in the run", arguments=["finetune", pruned, "--run", one, "--overwrite"])
        self.fails(2, "--overwrite", arguments=["finetune", pruned, "--run", fine, *OFFLINE])


if __name__ == "__main__":
    unittest.main()
