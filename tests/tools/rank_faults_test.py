# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What happens to several processes that train together when one is killed, stopped, told to end, or finds no room on the disk: all end with
one exit code in time, no finished step is lost, no file is half, and what goes on gets the bits of a run that nothing happened to.

    rank_faults_test.py PROGRAM [TIMES [SEED]]        each fault once unless told; 20 take some twenty minutes
"""

import concurrent.futures
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from program import OFFLINE, ProgramTest, arrays, idx_folder, tiny_spec
from ranks import Ranks, torchrun

SEED = int(sys.argv.pop(2)) if len(sys.argv) > 2 else 1
TIMES = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 1
LIMIT = 30  # seconds from a fault to the end of all
EPOCHS = 10
LAST = f"checkpoints/epoch_{EPOCHS:04}.h5"


class RankFaults(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.draw = random.Random(SEED)
        cls.inputs = pathlib.Path(tempfile.mkdtemp(prefix="varphase-ranks-"))
        cls.addClassCleanup(shutil.rmtree, cls.inputs)
        (cls.inputs / "net.json").write_text(json.dumps(tiny_spec()))
        idx_folder(cls.inputs / "data", train=600, test=40)
        # A run that nothing happens to, of two ranks.
        results = Ranks(2, *cls.training(cls.inputs / "whole")).ended()
        assert [code for code, _, _ in results] == [0, 0], results
        cls.wanted = arrays(cls.inputs / "whole" / LAST)

    @classmethod
    def training(cls, run):
        return ["train", "--network", cls.inputs / "net.json", "--data", cls.inputs / "data", "--batch-size", 12, "--samples", 2,
                "--epochs", EPOCHS, "--keep-optimizer", EPOCHS + 1, "--run", run, *OFFLINE]  # fmt: skip

    def begun(self, name, epoch=1):
        """Waits until a run has a checkpoint of that epoch, and then a random moment."""
        wanted, end = self.folder / name / f"checkpoints/epoch_{epoch:04}.h5", time.monotonic() + 60
        while not wanted.exists():
            self.assertLess(time.monotonic(), end, "no checkpoint")
            time.sleep(0.02)
        time.sleep(self.draw.uniform(0, 0.4))

    def assert_goes_on(self, name):
        """Nothing is half, and a resume by two ranks gets the bits of the whole run."""
        self.works("check", self.folder / name)
        results = Ranks(2, "train", "--resume", "--run", self.folder / name, *OFFLINE).ended()
        self.assertEqual([code for code, _, _ in results], [0, 0], results)
        self.assertEqual(arrays(self.folder / name / LAST), self.wanted)

    def struck(self, name, rank, fault):
        """A run of two whose rank gets a signal. @return its results"""
        ranks = Ranks(2, *self.training(self.folder / name))
        self.begun(name)
        ranks.processes[rank].send_signal(fault)
        start = time.monotonic()
        other = ranks.processes[1 - rank]
        try:
            other.wait(LIMIT)
        except subprocess.TimeoutExpired:
            pass
        self.assertIsNotNone(other.poll(), f"rank {1 - rank} goes on {LIMIT} s after {fault.name}")
        self.assertLess(time.monotonic() - start, LIMIT)
        ranks.processes[rank].send_signal(signal.SIGCONT)
        return ranks.ended(LIMIT)

    def killed(self):
        for turn in range(2 * TIMES):
            name, rank = f"killed{turn}", 1 - turn % 2
            results = self.struck(name, rank, signal.SIGKILL)
            self.assertEqual(results[rank][0], -signal.SIGKILL)
            self.assertEqual(results[1 - rank][0], 4, results)
            self.assertIn("varphase: rank ", results[1 - rank][1] + results[1 - rank][2])
            if rank == 1:
                self.assertIn("saved", results[0][2])
            self.assert_goes_on(name)

    def stopped(self):
        for turn in range(TIMES):
            results = self.struck(f"stopped{turn}", 1, signal.SIGSTOP)
            self.assertEqual(results[0][0], 4, results)
            self.assertIn("no sign of life", results[0][2])
            self.assertEqual(results[1][0], 4, results)  # it hears of it when it wakes up
            self.assert_goes_on(f"stopped{turn}")

    def told_to_end(self):
        for turn in range(TIMES):
            name = f"told{turn}"
            ranks = Ranks(2, *self.training(self.folder / name))
            self.begun(name)
            # To one alone, whichever: the other hears of it.
            ranks.processes[turn % 2].send_signal(signal.SIGTERM)
            results = ranks.ended(LIMIT)
            self.assertEqual([code for code, _, _ in results], [130, 130], results)
            self.assertIn("saved", results[0][2])
            self.assert_goes_on(name)

    def no_room(self):
        for turn in range(TIMES):
            name = f"full{turn}"
            ranks = Ranks(2, *self.training(self.folder / name))
            self.begun(name)
            resource.prlimit(ranks.processes[0].pid, resource.RLIMIT_FSIZE, (4096, 4096))
            results = ranks.ended(LIMIT)
            self.assertEqual([code for code, _, _ in results], [3, 3], results)
            self.assertEqual("".join(err for _, _, err in results).count("varphase:"), 1, results)
            self.assert_goes_on(name)

    def torchrun_starts_again(self):
        for turn in range(TIMES):
            name = f"again{turn}"
            started = torchrun(2, *self.training(self.folder / name), options=["--max-restarts", 2])
            self.begun(name)
            engine = subprocess.run(["pgrep", "-P", str(started.pid)], capture_output=True, text=True)
            workers = [int(pid) for pid in engine.stdout.split()]
            self.assertEqual(len(workers), 2, engine.stdout)
            os.kill(self.draw.choice(workers), signal.SIGKILL)
            out, err = started.communicate(timeout=120)
            self.assertEqual(started.returncode, 0, out + err)
            self.assertEqual(arrays(self.folder / name / LAST), self.wanted)

    def test_each_fault(self):
        faults = (self.killed, self.stopped, self.told_to_end, self.no_room, self.torchrun_starts_again)
        # Most of their time is waiting for signs of life that do not come.
        with concurrent.futures.ThreadPoolExecutor(3) as at_once:
            results = [(fault.__name__, at_once.submit(fault)) for fault in faults]
        for name, result in results:
            with self.subTest(fault=name):
                result.result()


if __name__ == "__main__":
    unittest.main()
