#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""tools/reproduce on a few drawn images: its tables hold the paper's numbers and those of the runs."""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
TINY = [part for s in ("data.data=synthetic-digits", "data.train_limit=100", "data.test_limit=50", "train.epochs=1",
                       "train.batch_size=50") for part in ("--set", s)]


def rows_of(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def reproduce(*arguments):
    return subprocess.run([sys.executable, ROOT / "tools/reproduce", *map(str, arguments), "--program", PROGRAM, "--device", "cpu"],
                          capture_output=True, text=True)


class Reproduce(unittest.TestCase):
    def test_table_of_runs_and_what_is_there_is_taken(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder)
            first = reproduce("table2", "--out", out, *TINY)
            self.assertEqual(first.returncode, 0, first.stderr)
            self.assertIn("| layer | paper | -590 | 11.3 | 99.2 |", first.stdout)
            rows = rows_of(out / "table2.csv")
            self.assertEqual([r["seed"] for r in rows], ["paper", "1"] * 4)
            self.assertEqual(rows[0]["elbo"], "-590.0")
            # The same numbers by hand: one draw over the training images, and the KL of the last epoch.
            run = out / "lenet5-weight-seed1"
            evaluated = json.loads(subprocess.run(
                [PROGRAM, "eval", run, "--split", "train", "--samples", "1", "--seed", "1", "--json", "--device", "cpu"],
                capture_output=True, text=True, check=True).stdout)["entries"][0]
            kl = float(rows_of(run / "metrics.csv")[-1]["kl"])
            got = next(r for r in rows if r["network"] == "weight" and r["seed"] == "1")
            self.assertAlmostEqual(float(got["elbo"]), -(100 * evaluated["nll"]["stochastic"] + kl), places=3)
            self.assertEqual(len(rows_of(out / "table2-epochs.csv")), 4 * 2)

            again = reproduce("table2", "--out", out, *TINY)
            self.assertEqual(again.stdout, first.stdout)
            self.assertNotIn("varphase train", again.stderr)

    def test_seeds_give_mean_and_deviation(self):
        with tempfile.TemporaryDirectory() as folder:
            done = reproduce("student-t", "--out", folder, "--seeds", "1,2", *TINY)
            values = [float(r["ensemble"]) for r in rows_of(pathlib.Path(folder) / "student-t.csv")[1:]]
            mean, deviation = sum(values) / 2, abs(values[0] - values[1]) / 2**0.5
            self.assertIn(f"{mean:.2f} (s.d. {deviation:.2f})", done.stdout)

    def test_says_what_is_wrong(self):
        unknown = reproduce("table9")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("no item 'table9'", unknown.stderr)
        with tempfile.TemporaryDirectory() as folder:
            failed = reproduce("student-t", "--out", folder, "--set", "train.epochz=1")
            self.assertNotEqual(failed.returncode, 0)
            self.assertIn("did you mean 'epochs'", failed.stderr)


if __name__ == "__main__":
    unittest.main()
