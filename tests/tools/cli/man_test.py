# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Manual pages beside the help that they are made of, read by groff.

    PYTHONPATH=tests/tools man_test.py PROGRAM
"""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from program import run


class Man(unittest.TestCase):
    def page(self, *verb):
        done = run("man", *verb)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_every_verb_has_a_page_with_each_of_its_flags(self):
        verbs = re.findall(r"^  ([a-z]+) {2,}", run("--help").stdout.split("Subcommands:")[1], re.MULTILINE)
        text = self.page()
        for verb in verbs:
            self.assertIn(f"varphase\\-{verb}(1)", text)
            own = self.page(verb)
            for line in run(verb, "--help").stdout.splitlines():
                for flag in re.findall(r"--[a-z0-9-]+", line.split("  ")[1]) if line.startswith("  -") else []:
                    self.assertIn(flag.replace("-", "\\-"), own, verb)
            self.assertIn(".SH EXAMPLES\n.nf\nvarphase ", own)

    @unittest.skipIf(shutil.which("groff") is None, "no groff")
    def test_groff_has_nothing_to_say(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run("man", "--all", folder).returncode, 0)
            pages = sorted(pathlib.Path(folder).glob("*.1"))
            self.assertGreater(len(pages), 15)
            done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", *pages], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            shown = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", pages[0].with_name("varphase-export.1")], capture_output=True, text=True).stdout
            for words in ("--overwrite", "SYNOPSIS", "varphase export", "a run folder, RUN@EPOCH"):
                self.assertIn(words, shown)

    def test_bad_input_says_what(self):
        done = run("man", "trian")
        self.assertEqual(done.returncode, 2)
        self.assertIn("train", done.stderr)
        done = run("man", "train", "--all", "x")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(run("man", "--all", "/proc/nowhere").returncode, 3)


if __name__ == "__main__":
    unittest.main()
