# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Where results go: looked at before the work, nobody's file replaced unasked, no result lost with a file beside it, and no
half of a result on stdout.

    output_files_test.py PROGRAM
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

import numpy as np
from program import OFFLINE, PROGRAM, SMALL, png, run

NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}


class OutputFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-output-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.chmod(cls.folder, 0o755)
        for arguments in (["train", *SMALL, "--epochs", 1, "--run", "one"], ["kappa", "one", *OFFLINE],
                          ["prune", "one", "--sparsity", 0.9, "--out", "one/pruned/90.h5", *OFFLINE]):  # fmt: skip
            done = run(*arguments, cwd=cls.folder)
            assert done.returncode == 0, done.stderr
        png(cls.folder / "a.png", np.zeros((28, 28)))
        (cls.folder / "b.png").write_bytes(b"no image")

    def test_a_file_of_somebody_stays(self):
        somebodys = self.folder / "mine.txt"
        for arguments in (["eval", "one", "--samples", 100000], ["report", "one"], ["prune", "one", "--choose", "drop<=1", "--samples", 100000],
                          ["predict", "one", "a.png", "--format", "csv", "--samples", 10000000], ["export", "one", "--to", "onnx"]):  # fmt: skip
            with self.subTest(arguments=arguments):
                somebodys.write_text("mine")
                quiet = OFFLINE if arguments[0] in ("eval", "prune", "predict") else []
                start = time.monotonic()
                done = run(*arguments, "--out", "mine.txt", *quiet, cwd=self.folder)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("--overwrite", done.stderr)
                self.assertEqual(somebodys.read_text(), "mine")
                self.assertLess(time.monotonic() - start, 20)  # not after the work
        for arguments in (["eval", "one", "--samples", 2, *OFFLINE], ["report", "one"]):
            done = run(*arguments, "--out", "mine.txt", "--overwrite", cwd=self.folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotEqual(somebodys.read_text(), "mine")
        for _ in range(2):  # the run's own are made anew
            self.assertEqual(run("report", "one", cwd=self.folder).returncode, 0)
            self.assertEqual(run("eval", "one/pruned/90.h5", "--samples", 2, *OFFLINE, cwd=self.folder).returncode, 0)

    def test_a_failed_prediction_prints_nothing(self):
        done = run("predict", "one", "a.png", "b.png", "--out", "-", "--batch", 1, *OFFLINE, cwd=self.folder)
        self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
        self.assertIn("b.png", done.stderr)
        done = run("predict", "one", "a.png", "--out", "-", *OFFLINE, cwd=self.folder)
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 2), done.stderr)
        done = run("predict", "one", "a.png", "--out", "-", "--format", "json", *OFFLINE, cwd=self.folder)
        self.assertEqual(len(json.loads(done.stdout)["predictions"]), 1)

    @unittest.skipUnless(os.geteuid() == 0, "takes another user's rights")
    def test_a_run_that_cannot_be_written_still_gives_its_results(self):
        try:
            subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, **NOBODY)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("another user cannot start the program")
        for arguments, keys in ((["eval", "one", "one/pruned/90.h5", "--samples", 2, *OFFLINE], "entries"), (["transition", "one"], "rows"),
                                (["sweep", "one", "--samples", 2, "--thresholds", "1,10", *OFFLINE], "rows")):  # fmt: skip
            with self.subTest(arguments=arguments):
                shutil.rmtree(self.folder / "one/evaluations", ignore_errors=True)
                shutil.rmtree(self.folder / "one/sweeps", ignore_errors=True)
                done = run(*arguments, "--json", cwd=self.folder, **NOBODY)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertGreater(len(json.loads(done.stdout)[keys]), 0)
                self.assertIn("ermission denied", done.stderr)
                done = run(*arguments, cwd=self.folder, **NOBODY)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertGreater(len(done.stdout.splitlines()), 2)
        for arguments in (["kappa", "one"], ["prune", "one", "--choose", "drop<=1", "--samples", 100000]):
            start = time.monotonic()
            done = run(*arguments, *OFFLINE, cwd=self.folder, **NOBODY)
            self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
            self.assertIn("ermission denied", done.stderr)
            self.assertLess(time.monotonic() - start, 20)

    def test_a_file_where_a_folder_belongs(self):
        for name, arguments in (("evaluations", ["eval", "one/pruned/90.h5", "--samples", 2, *OFFLINE]),
                                ("sweeps", ["sweep", "one", "--samples", 2, "--thresholds", "1", *OFFLINE])):  # fmt: skip
            place = self.folder / "one" / name
            shutil.rmtree(place, ignore_errors=True)
            place.write_text("a file")
            done = run(*arguments, "--json", cwd=self.folder)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(name, done.stderr)
            json.loads(done.stdout)
            place.unlink()


if __name__ == "__main__":
    unittest.main()
