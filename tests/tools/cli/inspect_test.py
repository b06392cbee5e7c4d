# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""inspect: what a file holds; a file of somebody else.

    PYTHONPATH=tests/tools inspect_test.py PROGRAM
"""

import json
import unittest

from program import OFFLINE, ProgramTest


class Inspect(ProgramTest):
    def test_files_of_every_kind(self):
        one = self.train_tiny("one")
        self.works("kappa", one, *OFFLINE)
        self.works("prune", one, "--sparsity", 0.5, "--out", one / "pruned/50.h5", *OFFLINE)
        for file in ("checkpoints/epoch_0001.h5", "kappa/epoch_0001.h5", "pruned/50.h5"):
            self.assertIn("dense2", self.works("inspect", one / file).stdout)
            json.loads(self.works("inspect", one / file, "--json").stdout)
        foreign = self.folder / "foreign.h5"
        foreign.write_bytes(b"no HDF5 at all" * 100)
        self.fails(3, "foreign.h5", arguments=["inspect", foreign])



if __name__ == "__main__":
    unittest.main()
