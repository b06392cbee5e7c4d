# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Every line of README.md and docs/getting-started.md, run as it stands, in an empty folder with `varphase` on the PATH and a folder `photos` of
a few drawn images. What both pages begin with (the quickstart's training, its kappa) runs once.

    readme_test.py PROGRAM
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from program import PROGRAM, png

ROOT = pathlib.Path(__file__).parents[2]
# What is not run, and why. Each must stand in a page: an entry that no page has is an error.
NOT_RUN = {
    "tools/demo": "sets up a machine and builds; it runs the same verbs",
    "tools/test": "sets up a machine, builds and runs these tests",
    "tools/build": "sets up a machine and builds",
    "tools/setup && pip install .": "sets up a machine and builds the wheel",
    "tools/docs": "docs_test runs it",
    "tools/reproduce --list": "reproduce_test runs it",
    "varphase report --watch runs/first": "ends at Ctrl-C: cli_report_test runs it",
    "varphase VERB --help": "VERB stands for each verb: words_test prints the help of all",
    "varphase report runs/first --figures figures": "wants a Chromium; cli_report runs it",
    "varphase data PATH": "PATH stands for any folder",
}
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist


def blocks(page):
    """(language, text) of each fenced block, ("inline", text) of each command between backticks, in their order."""
    pieces = re.split(r"^```(\w*)\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    for at in range(0, len(pieces), 3):
        for text in re.findall(r"`((?:varphase|tools/\w+)(?: [^`]+)?)`", pieces[at]):
            yield "inline", text
        if at + 2 < len(pieces):
            yield pieces[at + 1], pieces[at + 2]


class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-readme-"))
        self.addCleanup(shutil.rmtree, self.folder)
        generator = np.random.default_rng(1)
        (self.folder / "photos").mkdir()
        for i in range(5):
            png(self.folder / f"photos/{i}.png", generator.integers(0, 255, (28, 28)))
        self.environment = os.environ | {"PATH": f"{pathlib.Path(PROGRAM).parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "2",
                                         "VARPHASE_CACHE": str(self.folder / "cache")}  # fmt: skip
        self.done = set()

    def does(self, command):
        done = subprocess.run(command, shell=isinstance(command, str), executable="/bin/bash" if isinstance(command, str) else None,
                              cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300)  # fmt: skip
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")

    def line(self, line):
        command = line.split("#")[0].strip()
        if not command:
            return 0
        if command in NOT_RUN:
            self.seen.add(command)
            if command.startswith("tools/"):
                self.assertTrue(os.access(ROOT / command.split()[0], os.X_OK), command)
            return 0
        self.assertTrue(command.startswith("varphase "), f"'{command}': neither run nor in the list of what is not")
        if command not in self.done:
            self.does(command)
            self.done.add(command)
        return 1

    def page(self, name):
        """@return how many commands, Python and JSON blocks ran"""
        self.seen = set()
        counts = {"commands": 0, "python": 0, "json": 0}
        for language, text in blocks((ROOT / name).read_text()):
            with self.subTest(page=name, block=text):
                if language == "python":
                    self.does([sys.executable, "-c", text])
                    counts["python"] += 1
                elif language == "json":
                    self.assertIn("layers", json.loads(text))  # a network
                    (self.folder / "network.json").write_text(text)
                    self.does("varphase train --network network.json --data fashion-mnist --train-limit 400 --test-limit 100 "
                              f"--epochs 1 --run runs/network{counts['json']}")  # fmt: skip
                    counts["json"] += 1
                elif language == "cmake":
                    self.assertIn("find_package(varphase", text)  # tests/package builds by these lines
                else:
                    self.assertIn(language, ("", "inline"), "a block of a language that this test does not know")
                    for line in text.replace("\\\n", " ").splitlines():
                        counts["commands"] += self.line(line)
        return counts

    def test_the_pages(self):
        if not FASHION.is_dir():
            self.skipTest(f"the quickstart's images are not here: {FASHION}")
        first = self.page("README.md")
        self.assertGreaterEqual(first["commands"], 11)
        self.assertEqual(first["python"], 1)
        seen = self.seen
        (self.folder / "predictions.csv").unlink()
        for name in "abc":  # the page's several runs: any will do
            shutil.copytree(self.folder / "runs/first", self.folder / "runs" / name)
        self.does("varphase train --preset quickstart --data synthetic-digits --train-limit 600 --test-limit 100 --epochs 2 "
                  "--members 2 --run runs/five")  # fmt: skip
        second = self.page("docs/getting-started.md")
        self.assertGreaterEqual(second["commands"], 18)
        self.assertEqual(second["json"], 1)
        self.assertEqual(seen | self.seen, set(NOT_RUN))


if __name__ == "__main__":
    unittest.main()
