# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""eval: several networks together; bad input.

    PYTHONPATH=tests/tools eval_test.py PROGRAM
"""

import json
import unittest

from program import OFFLINE, ProgramTest


class Eval(ProgramTest):
    def test_networks_predict_together(self):
        two = self.train_tiny("two", "--members", 2)
        done = self.works("eval", "--together", two, "--samples", 5, "--json", *OFFLINE)
        result = json.loads(done.stdout)
        self.assertEqual([len(result["entries"]), result["together"]["networks"]], [2, 2])
        own = [entry["nll"]["ensemble"] for entry in result["entries"]]
        self.assertLessEqual(result["together"]["nll"]["ensemble"], sum(own) / 2)  # Jensen

    def test_a_damaged_checkpoint_is_refused_by_name(self):
        one = self.train_tiny("one")
        damaged = self.folder / "damaged.h5"
        damaged.write_bytes((one / "checkpoints/epoch_0001.h5").read_bytes()[:-1000])
        self.fails(3, "damaged.h5", arguments=["eval", damaged, *OFFLINE])


if __name__ == "__main__":
    unittest.main()
