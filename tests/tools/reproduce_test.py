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

    def test_figure_2_attacks_every_network_three_ways_and_takes_what_is_there(self):
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["figure2-lenet", "--quick", "--images", 6, "--out", folder, *TINY]
            first = reproduce(*arguments)
            self.assertEqual(first.returncode, 0, first.stderr)
            out = pathlib.Path(folder) / "quick"
            rows = rows_of(out / "figure2-lenet-steps.csv")
            ways = {}
            for row in rows:
                ways.setdefault(row["network"], {}).setdefault(row["attack"], []).append(row)
            self.assertEqual(list(ways), ["deterministic", "dropout, deterministic", "dropout, ensemble", "variance network",
                                          "five networks", "five variance networks", "variance network, 95 % zeros",
                                          "variance network, 99.5 % zeros"])  # fmt: skip
            self.assertEqual(list(ways["variance network"]), ["honest", "plain", "transfer"])
            self.assertEqual(list(ways["five networks"]), ["honest", "transfer"])
            self.assertEqual([row["step"] for row in ways["five networks"]["transfer"]], list("01234"))
            # The table's figure is that of the attack's own file.
            made = json.loads((out / "figure2-lenet-seed1-6-images/variance-network-plain.json").read_text())
            last = ways["variance network"]["plain"][-1]
            self.assertEqual(float(last["success"]), made["judges"][0]["rows"][-1]["success"])
            self.assertEqual([made["gradient"], made["samples"], made["images"]], ["one", 1, 6])
            self.assertIn(" of 1 |", first.stdout)

            again = reproduce(*arguments)
            self.assertEqual(again.stdout, first.stdout)
            self.assertNotIn("varphase train", again.stderr)
            self.assertNotIn("varphase attack", again.stderr)

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
