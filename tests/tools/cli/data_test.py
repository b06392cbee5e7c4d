# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""data: what a set holds, by name and by its folder; bad input.

    PYTHONPATH=tests/tools data_test.py PROGRAM
"""

import unittest

from program import ProgramTest, idx_folder


class Data(ProgramTest):
    def test_sets(self):
        self.works("data", "synthetic-digits")
        said = self.works("data", idx_folder(self.folder / "tiny", train=200, test=40)).stdout
        for number in ("200", "40"):
            self.assertIn(number, said)
        self.fails(3, "no/such/folder", arguments=["data", "no/such/folder"])



if __name__ == "__main__":
    unittest.main()
