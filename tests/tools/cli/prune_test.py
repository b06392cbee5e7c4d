# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""prune: a budget, a file pruned further; bad input.

    PYTHONPATH=tests/tools prune_test.py PROGRAM
"""

import json
import unittest

import h5py

from program import OFFLINE, ProgramTest, two_kinds_spec


class Prune(ProgramTest):
    def test_a_file_is_pruned_further(self):
        (self.folder / "spec.json").write_text(json.dumps(two_kinds_spec()))
        one = self.train("one", "--network", self.folder / "spec.json", "--epochs", 1)

        def result(*arguments):
            done = self.works(*arguments, "--json", *OFFLINE)
            return json.loads(done.stdout)

        # What is gone stays gone, what is not named stays as it is.
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
        self.fails(2, "is there already", arguments=["prune", one, "--criterion", "random", "--sparsity", 0.5, "--out", one / "pruned/half.h5", *OFFLINE])
        self.fails(2, "--threshold", arguments=["prune", one])


if __name__ == "__main__":
    unittest.main()
