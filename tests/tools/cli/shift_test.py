# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""shift: rows of every corruption and strength, networks side by side; bad input.

    PYTHONPATH=tests/tools shift_test.py PROGRAM
"""

import json
import unittest

import h5py
import numpy as np

from program import OFFLINE, ProgramTest, idx_folder


class Shift(ProgramTest):
    def test_every_corruption_and_strength_has_a_row(self):
        run = self.train_tiny("one")
        done = self.works("shift", run, "--samples", 3, "--images", 30, *OFFLINE)
        rows = [line.split() for line in done.stdout.splitlines()]
        named = {}
        for row in rows:
            if len(row) == 8 and row[1] in "12345":
                named.setdefault(row[0], []).append(int(row[1]))
        wanted = "gaussian-noise shot-noise gaussian-blur rotation translation contrast brightness pixelation mean".split()
        self.assertEqual(list(named), wanted)
        self.assertTrue(all(strengths == [1, 2, 3, 4, 5] for strengths in named.values()), named)
        self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout)

    def test_two_networks_in_one_file_and_the_same_bits_again(self):
        run = self.train_tiny("one")
        arguments = ["shift", run, f"{run}@0", "--corruptions", "shot-noise", "--samples", 3, *OFFLINE]
        self.works(*arguments, "--out", self.folder / "a.json")
        again = self.works(*arguments, "--json")
        self.assertEqual(json.loads((self.folder / "a.json").read_text()), json.loads(again.stdout))
        self.assertEqual(len(json.loads(again.stdout)["networks"]), 2)

    def test_what_is_not_there_is_refused(self):
        run = self.train_tiny("one")
        self.fails(2, "did you mean 'rotation'", arguments=["shift", run, "--corruptions", "rotatoin", *OFFLINE])
        self.fails(2, "test images", arguments=["shift", run, "--images", 100000, *OFFLINE])
        self.fails(2, "--images", arguments=["shift", run, "--images", -1, *OFFLINE])
        self.fails(2, "--samples", "at least 1", arguments=["shift", run, "--samples", 0, *OFFLINE])
        self.fails(2, "--corruptions: its value is empty", arguments=["shift", run, "--corruptions", "", *OFFLINE])
        self.fails(2, "unknown flag --strengths", arguments=["shift", run, "--strengths", 9, *OFFLINE])
        large, broken = idx_folder(self.folder / "large", size=12), self.folder / "broken.h5"
        with h5py.File(broken, "w") as file:
            for part in ("train", "test"):
                file[f"{part}/images"], file[f"{part}/labels"] = np.full((8, 8, 8), np.nan, np.float32), np.arange(8) % 4
                file[f"{part}/images"].attrs["range"] = "0..1"
        for code, words, data in ((2, "[1, 12, 12]", large), (3, "a pixel of nan", broken), (3, "no data set that is known", self.folder)):
            done = self.fails(code, words, arguments=["shift", run, "--data", data, *OFFLINE])
            self.assertEqual(done.stdout, "")
        self.fails(3, "nowhere", arguments=["shift", self.folder / "nowhere", *OFFLINE])


if __name__ == "__main__":
    unittest.main()
