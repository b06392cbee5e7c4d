# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""transition: a row an epoch, with kappa where there are maps; bad input.

    PYTHONPATH=tests/tools transition_test.py PROGRAM
"""

import json
import statistics
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

    def test_runs_side_by_side(self):
        one = self.train_tiny("one", "--kappa-every", 1)
        more = self.train_tiny("more", "--kappa-every", 1, "--members", 2)
        shown = self.works("transition", one, more).stdout
        self.assertLessEqual(max(map(len, shown.splitlines())), 80)
        self.assertEqual([line.split()[0] for line in shown.splitlines()[1:5]], ["one", "00", "01", "mean"])
        result = json.loads(self.works("transition", one, more, "--json").stdout)
        self.assertEqual([run["name"] for run in result["runs"]], ["one", "00", "01"])
        table = {column["value"]: column for column in result["table"]}
        own = [run["rows"][-1]["accuracy_ensemble"] for run in result["runs"]]
        self.assertEqual(table["accuracy_ensemble"]["values"], own)
        self.assertAlmostEqual(table["accuracy_ensemble"]["mean"], statistics.mean(own))
        self.assertAlmostEqual(table["accuracy_ensemble"]["deviation"], statistics.stdev(own))
        self.fails(2, "named twice", arguments=["transition", one, one])
        self.fails(3, "no/such/run", arguments=["transition", one, "no/such/run"])


if __name__ == "__main__":
    unittest.main()
