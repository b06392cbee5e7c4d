# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Standard output and error as they fail: full, closed, cut off. No result is lost with exit code 0, no file gets a
stream's text, and no message that cannot be written ends a work.

    stdio_test.py PROGRAM
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
SMALL = ["--preset", "quickstart", "--data", "synthetic-digits", "--train-limit", "300", "--test-limit", "100",
         "--epochs", "1", "--threads", "1", "--device", "cpu", "--quiet"]  # fmt: skip
OFFLINE = ["--threads", "1", "--device", "cpu", "--quiet"]


def with_streams(arguments, stdout=None, stderr=None, stdin=None, **more):
    """Runs with each stream kept (None), closed ("closed") or on a file; what is kept is caught."""

    def close():
        for descriptor, stream in enumerate([stdin, stdout, stderr]):
            if stream == "closed":
                os.close(descriptor)

    with contextlib.ExitStack() as files:

        def opened(stream):
            if stream in (None, "closed"):
                return subprocess.PIPE if stream is None else subprocess.DEVNULL
            return files.enter_context(open(stream, "wb"))

        return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=opened(stdout),
                              stderr=opened(stderr), preexec_fn=close, timeout=300, **more)  # fmt: skip


class Streams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-stdio-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.one = cls.folder / "one"
        done = subprocess.run([PROGRAM, "train", *SMALL, "--run", cls.one], capture_output=True)
        assert done.returncode == 0, done.stderr

    def printing(self):
        """Verbs that print: of the front and of the engine, as text and as JSON."""
        yield ["--version"]
        yield ["--help"]
        yield ["eval", "--help"]
        yield ["check", self.one]
        yield ["check", self.one, "--json"]
        yield ["inspect", self.one / "checkpoints/epoch_0001.h5"]
        yield ["data", "four-gaussians", "--json"]
        yield ["eval", self.one, "--samples", 2, *OFFLINE]
        yield ["kappa", self.one, "--epoch", "last", "--json", *OFFLINE]
        yield ["transition", self.one]
        yield ["sweep", self.one, "--samples", 2, "--sparsities", 0.5, *OFFLINE]

    def test_a_result_that_stdout_does_not_take_is_a_failure(self):
        for arguments in self.printing():
            for stream in ("/dev/full", "closed"):
                with self.subTest(arguments=arguments, stream=stream):
                    done = with_streams(arguments, stdout=stream)
                    self.assertEqual(done.returncode, 3, done.stderr)
                    self.assertIn(b"stdout", done.stderr)

    def test_a_message_that_stderr_does_not_take_changes_no_exit_code(self):
        for stream in ("/dev/full", "closed"):
            for code, arguments in ((3, ["eval", self.folder / "none", *OFFLINE]), (3, ["check", self.folder / "none"]),
                                    (2, ["eval"]), (2, ["nonsense"]), (2, ["train", "--run", "x", "--lr", "1"]),
                                    (0, ["check", self.one])):  # fmt: skip
                with self.subTest(arguments=arguments, stream=stream):
                    self.assertEqual(with_streams(arguments, stderr=stream).returncode, code)

    def test_training_goes_on_without_its_streams(self):
        for name, streams in (("no-err", {"stderr": "closed"}), ("full-err", {"stderr": "/dev/full"}),
                              ("no-out", {"stdout": "closed"}), ("full-out", {"stdout": "/dev/full"}),
                              ("none", {"stdin": "closed", "stdout": "closed", "stderr": "closed"})):  # fmt: skip
            with self.subTest(name):
                run = self.folder / name
                done = with_streams(["train", *SMALL, "--run", run], **streams)
                self.assertEqual(done.returncode, 3 if "stdout" in streams else 0, done.stderr)
                self.assertEqual(subprocess.run([PROGRAM, "check", run], capture_output=True).returncode, 0)
                log = (run / "log.txt").read_text().splitlines()
                self.assertTrue(all(line.startswith("20") for line in log), log)  # time stamps, no table
                for epoch in ("0000", "0001"):
                    self.assertTrue((run / f"checkpoints/epoch_{epoch}.h5").is_file())

    def test_a_log_on_a_full_disk_is_no_reason_to_end(self):
        run = self.folder / "logless"
        self.assertEqual(with_streams(["train", *SMALL, "--keep-optimizer", 10, "--run", run]).returncode, 0)
        (run / "checkpoints/epoch_0001.h5").unlink()
        (run / "log.txt").unlink()
        (run / "log.txt").symlink_to("/dev/full")
        done = with_streams(["train", "--resume", *OFFLINE, "--run", run])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"the log is not written", done.stderr)
        self.assertTrue((run / "checkpoints/epoch_0001.h5").is_file())

    def test_predictions_in_a_file_do_not_need_stdout(self):
        image = self.folder / "t10k-images-idx3-ubyte"
        image.write_bytes(bytes([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(3 * 28 * 28))
        for name, stream in (("closed.csv", "closed"), ("full.csv", "/dev/full")):
            out = self.folder / name
            done = with_streams(["predict", self.one, image, "--out", out, *OFFLINE], stdout=stream)
            self.assertEqual(done.returncode, 3)  # its summary is lost
            self.assertEqual(len(out.read_text().splitlines()), 4)
        done = with_streams(["predict", self.one, image, "--out", "-", *OFFLINE], stdout="/dev/full")
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"stdout", done.stderr)


if __name__ == "__main__":
    unittest.main()
