# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The program as its user meets it: the whole chain, what holds for every verb.

    PYTHONPATH=tests/tools program_test.py PROGRAM
"""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

import numpy as np

from program import OFFLINE, PROGRAM, SMALL, ProgramTest, idx, run


class Program(ProgramTest):
    def test_the_whole_chain(self):
        one = self.train("one", "--epochs", 2)
        for verb in (["kappa", one, "--verify", 5, *OFFLINE], ["transition", one],
                     ["sweep", one, "--samples", 5, "--choose", "drop<=5", *OFFLINE],
                     ["prune", one, "--sparsity", 0.9, "--repair", "batch-norm", "--out", one / "pruned/90.h5", *OFFLINE],
                     ["eval", one, one / "pruned/90.h5", "--samples", 5, *OFFLINE],
                     ["report", one], ["check", one], ["inspect", one / "pruned/90.h5"]):  # fmt: skip
            self.works(*verb)
        self.assertTrue((one / "report.html").is_file())
        rows = json.loads(run("transition", one, "--json").stdout)["rows"]
        self.assertEqual([row["epoch"] for row in rows], [0, 1, 2])

    def estimate(self, *arguments):
        """What a verb says of its length, which is then stopped."""
        with subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
            deadline = threading.Timer(120, running.kill)
            deadline.start()
            said = []
            for line in running.stderr:
                said.append(line)
                if line.startswith("about "):
                    running.send_signal(signal.SIGINT)
                    break
            said += running.stderr.readlines()
            deadline.cancel()
        found = [line for line in said if line.startswith("about ")]
        self.assertEqual(len(found), 1, said)
        self.assertRegex(found[0], r"^about \d+ (s|min \d\d s|h \d\d min) \(.*, measured over the first [\d,]+ (steps|images|passes)\)$")
        return found[0]

    def test_long_verbs_say_about_how_long_they_take(self):
        small = [flag for flag in SMALL if flag != "--quiet"]
        offline = [flag for flag in OFFLINE if flag != "--quiet"]
        one, long = self.folder / "one", self.folder / "long"
        images = self.folder / "images"
        idx(images, np.random.default_rng(1).integers(0, 256, (1000, 28, 28)))
        predict = ["predict", one, images, "--out", self.folder / "p.csv", "--overwrite", *offline]
        for short in (["train", *small, "--epochs", 1, "--run", one], ["eval", one, "--samples", 2, *offline],
                      ["sweep", one, "--samples", 2, *offline], [*predict, "--samples", 2]):  # fmt: skip
            done = self.works(*short)
            self.assertNotIn("about ", done.stderr)

        line = self.estimate("train", *small, "--epochs", 1000, "--run", long)
        self.assertIn("(1000 epochs, measured over the first ", line)
        self.assertIn(line, (long / "log.txt").read_text())
        self.assertRegex(self.estimate("train", "--resume", "--run", long, *offline), r"\(9\d\d of 1000 epochs,")
        self.assertIn("(2 networks,", self.estimate("eval", one, "--epoch", "all", "--samples", 20000, *offline))
        self.assertIn("(sweep of 60 networks,", self.estimate("sweep", *[one] * 60, "--samples", 20, *offline))
        self.assertIn("(1,000 images,", self.estimate(*predict, "--samples", 20000))

    def test_a_flag_takes_no_other_flag_for_its_value(self):
        verbs = re.findall(r"^  ([a-z]+) {2,}", run("--help").stdout.split("Subcommands:")[1], re.MULTILINE)
        shown = {verb: run(verb, "--help").stdout for verb in verbs}
        seeded = [verb for verb, text in shown.items() if re.search(r"^ +--seed ", text, re.MULTILINE)]
        self.assertEqual(len(seeded), 8, seeded)
        for verb in seeded:
            for seed in (-1, 2**63, "1.5"):
                self.fails(2, "--seed", arguments=(verb, "--seed", seed))
                self.fails(2, "--seed", arguments=(verb, f"--seed={seed}"))
        valued = {verb: flag[1] for verb, text in shown.items() if (flag := re.search(r"^ +(--(?!json|wide|quiet|help|watch)[a-z0-9-]+) .*\[.*\]", text, re.MULTILINE))}
        self.assertGreater(len(valued), 11, valued)
        for verb, flag in valued.items():
            self.fails(2, f"{flag}= has no value behind its '='", arguments=(verb, f"{flag}=", "--help"))
            self.fails(2, f"{flag}: wants a value, and the flag --help stands there", arguments=(verb, flag, "--help"))
            self.fails(2, f"{flag}: its value is empty", arguments=(verb, flag, ""))

    def test_light_verbs_do_not_load_the_engine(self):
        with tempfile.TemporaryDirectory() as folder:
            front = pathlib.Path(folder) / "varphase"
            shutil.copy(PROGRAM, front)  # no engine beside it
            for arguments in (["--help"], ["--version"], ["train", "--help"], ["data", "synthetic-digits"]):
                done = subprocess.run([front, *arguments], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
            done = subprocess.run([front, "kappa", "runs/x"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("varphase-engine", done.stderr)


if __name__ == "__main__":
    unittest.main()
