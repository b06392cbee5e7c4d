# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""transition: a row an epoch, with kappa where there are maps; bad input.

    PYTHONPATH=tests/tools transition_test.py PROGRAM
"""

import json
import unittest

from program import OFFLINE, ProgramTest


class Transition(ProgramTest):
    def test_a_row_an_epoch(self):
        one = self.train_tiny("one", epochs=2)
        self.fails(3, "kappa", arguments=["transition", one])
        self.works("kappa", one, *OFFLINE)
        result = json.loads(self.works("transition", one, "--json").stdout)
        self.assertEqual([row["epoch"] for row in result["rows"]], [0, 1, 2])
        self.fails(3, "no/such/run", arguments=["transition", "no/such/run"])



if __name__ == "__main__":
    unittest.main()
