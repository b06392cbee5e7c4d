# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""check: what is whole and what is not.

    PYTHONPATH=tests/tools check_test.py PROGRAM
"""

import unittest

from program import ProgramTest


class Check(ProgramTest):
    def test_a_damaged_file_is_named(self):
        one = self.train_tiny("one")
        self.works("check", one)
        good = one / "checkpoints/epoch_0001.h5"
        self.works("check", good)
        damaged = self.folder / "damaged.h5"
        damaged.write_bytes(good.read_bytes()[:-1000])
        done = self.fails(3, arguments=["check", damaged])
        self.assertIn("damaged.h5", done.stdout + done.stderr)
        good.write_bytes(damaged.read_bytes())
        done = self.fails(3, arguments=["check", one])
        self.assertIn("epoch_0001.h5", done.stdout + done.stderr)



if __name__ == "__main__":
    unittest.main()
