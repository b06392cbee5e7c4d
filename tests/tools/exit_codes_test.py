# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Paths and texts that no library likes: each ends in its exit code, in one message that names what is wrong, and makes
nothing. 1 is left to what is not known.

    exit_codes_test.py PROGRAM
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import numpy as np
from program import OFFLINE, PROGRAM, SMALL, png, run

NOBODY = 65534


class ExitCodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-exit-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.one = cls.folder / "one"
        done = run("train", *SMALL, "--epochs", 1, "--run", cls.one)
        assert done.returncode == 0, done.stderr
        (cls.folder / "file").write_text("no folder\n")
        os.symlink("loop", cls.folder / "loop")
        png(cls.folder / "a.png", np.zeros((28, 28)))

    def refused(self, code, *arguments, **more):
        before = sorted(self.folder.rglob("*"))
        done = run(*arguments, cwd=self.folder, **more)
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        self.assertTrue(done.stderr.startswith("varphase: "), done.stderr)
        for word in ("type_error", "filesystem error", "terminate"):
            self.assertNotIn(word, done.stderr)
        self.assertEqual(sorted(self.folder.rglob("*")), before)
        return done.stderr

    def test_paths_that_cannot_be(self):
        train = ["train", *SMALL, "--epochs", 1]
        for path in ("n" * 300, "loop", "file/below"):
            for arguments in ([*train, "--run", path], ["train", "--preset", "quickstart", "--data", path, "--run", "r"],
                              ["train", "--network", path, "--run", "r"], ["train", "--config", path, "--run", "r"],
                              [*train, "--init", path, "--run", "r"], ["train", "--resume", "--run", path],
                              ["finetune", path, "--run", "r"], ["finetune", "--resume", "--run", path], ["eval", path],
                              ["eval", "one", "--data", path, *OFFLINE], ["kappa", path], ["sweep", path],
                              ["prune", path, "--sparsity", "0.5"], ["predict", path, "a.png", "--out", "p.csv"],
                              ["predict", "one", path, "--out", "p.csv", *OFFLINE], ["export", path, "--to", "onnx"],
                              ["import", path, "--preset", "quickstart", "--run", "r"], ["transition", path], ["report", path],
                              ["check", path], ["inspect", path], ["data", path]):  # fmt: skip
                with self.subTest(arguments=arguments):
                    self.assertIn(path.split("/")[0][:40], self.refused(3, *arguments))

    def test_outputs_that_cannot_be(self):
        for path in ("n" * 300, "file/below"):
            for arguments in (["eval", "one", "--samples", 2, "--out", path, *OFFLINE],
                              ["prune", "one", "--sparsity", 0.5, "--criterion", "magnitude", "--out", path, *OFFLINE],
                              ["predict", "one", "a.png", "--format", "csv", "--out", path, *OFFLINE],
                              ["export", "one", "--to", "onnx", "--out", path], ["report", "one", "--out", path]):  # fmt: skip
                with self.subTest(arguments=arguments):
                    self.assertIn(path.split("/")[0][:40], self.refused(3, *arguments))

    def test_texts_that_are_no_configuration(self):
        for text in ("[]", "[1, 2]", '"words"', "3", "null", "true", '{"train": []}', '{"train": {"epochs": []}}', '{"data": 3}',
                     '{"network": []}', '{"network": {"layers": 3}}', '{"about": 1, "nonsense": {}}'):  # fmt: skip
            with self.subTest(text):
                (self.folder / "c.json").write_text(text)
                self.refused(2, "train", "--config", "c.json", "--run", "r")
        for text in ("", "{", "[", '{"a": "\xff"}', "\0"):
            with self.subTest(text):
                (self.folder / "c.json").write_bytes(text.encode("latin-1"))
                self.refused(3, "train", "--config", "c.json", "--run", "r")
        for text in ("[]", "3", "null", '"x"', '{"layers": []}', '{"input": 3, "classes": 2, "layers": ["relu"]}'):
            with self.subTest(network=text):
                (self.folder / "c.json").write_text(text)
                self.refused(2, "train", "--network", "c.json", "--data", "synthetic-digits", "--run", "r")
        (self.folder / "c.json").unlink()

    def test_a_run_whose_config_is_no_configuration(self):
        other = self.folder / "other"
        shutil.copytree(self.one, other)
        self.addCleanup(shutil.rmtree, other)
        for text in ("[]", "3", "null"):
            (other / "config.json").write_text(text)
            for verb in (["eval", "other"], ["kappa", "other"], ["train", "--resume", "--run", "other"], ["sweep", "other"],
                         ["export", "other", "--to", "onnx", "--out", "o.onnx"]):  # fmt: skip
                with self.subTest(text=text, verb=verb):
                    done = run(*verb, cwd=self.folder)
                    self.assertIn(done.returncode, (0, 2, 3), done.stderr)  # 0: reads the checkpoint's own
                    self.assertNotIn("type_error", done.stderr)
        (self.folder / "o.onnx").unlink(missing_ok=True)

    @unittest.skipUnless(os.geteuid() == 0, "takes another user's rights")
    def test_folders_that_are_not_ours(self):
        """Nobody may read the run and write nowhere in it."""
        os.chmod(self.folder, 0o755)
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        try:
            subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, **as_nobody)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("another user cannot start the program")
        for arguments in (["train", *SMALL, "--run", "new"], ["prune", "one", "--sparsity", "0.5", *OFFLINE],
                          ["prune", "one", "--sparsity", "0.5", "--out", "p.h5", *OFFLINE], ["report", "one"],
                          ["predict", "one", "a.png", "--out", "p.csv", *OFFLINE], ["export", "one", "--to", "onnx"],
                          ["export", "one", "--to", "safetensors", "--out", "x.safetensors"], ["kappa", "one", *OFFLINE],
                          ["eval", "one", "--samples", 2, "--out", "e.json", *OFFLINE]):  # fmt: skip
            with self.subTest(arguments=arguments):
                self.assertIn("ermission denied", self.refused(3, *arguments, **as_nobody))


if __name__ == "__main__":
    unittest.main()
