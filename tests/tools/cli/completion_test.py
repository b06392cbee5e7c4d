# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What shells complete by the scripts of `varphase completion`.

    PYTHONPATH=tests/tools completion_test.py PROGRAM
"""

import os
import pathlib
import pty
import select
import shutil
import subprocess
import tempfile
import time
import unittest

from program import run

# Functions of the name stand for the program: what it was called with is what was completed.
CALLED = """varphase() { printf '%s\\n' "$@" > called; }"""
PROMPT = b"READY:"


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-completion-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for shell in ("bash", "zsh", "fish"):
            done = run("completion", shell)
            assert done.returncode == 0, done.stderr
            (cls.folder / f"script.{shell}").write_text(done.stdout)
        for name in ("photos of mine.h5", "other.h5"):
            (cls.folder / name).touch()

    def offered(self, *words):
        """What bash's function puts into COMPREPLY, the last word being completed."""
        quoted = " ".join(f"'{word}'" for word in ("varphase", *words))
        text = f"""source script.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _varphase
                   printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def typed(self, *lines):
        """Words of the command that an interactive bash has run after those lines were typed into it."""
        main, other = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "PS1": PROMPT.decode(), "HOME": str(self.folder)}
        shell = subprocess.Popen(["bash", "--norc", "--noprofile", "-i"], stdin=other, stdout=other, stderr=other, cwd=self.folder,
                                 env=environment, start_new_session=True)  # fmt: skip
        os.close(other)
        said, end = b"", time.monotonic() + 60
        try:
            for line in (CALLED, "source script.bash", *lines, "exit"):
                while not said.endswith(PROMPT):
                    self.assertLess(time.monotonic(), end, said)
                    if select.select([main], [], [], 1)[0]:
                        said += os.read(main, 4096)
                os.write(main, line.encode() + b"\n")
                said = b""
            while True:
                try:
                    if not os.read(main, 4096):
                        break
                except OSError:  # the other end is gone
                    break
            shell.wait(60)
        finally:
            shell.kill()
            shell.wait()
            os.close(main)
        return (self.folder / "called").read_text().splitlines()

    def test_bash_reads_its_script(self):
        subprocess.run(["bash", "-n", self.folder / "script.bash"], check=True)
        text = "source script.bash; complete -p varphase"
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, cwd=self.folder, check=True)
        self.assertEqual(done.stdout, "complete -o default -F _varphase varphase\n")

    def test_verbs_flags_and_choices(self):
        self.assertEqual(self.offered("exp"), ["export"])
        self.assertIn("completion", self.offered(""))
        self.assertIn("--version", self.offered("--"))
        self.assertEqual(self.offered("export", "--over"), ["--overwrite"])
        self.assertEqual(self.offered("export", "runs/first", "--to", ""), ["safetensors", "onnx"])
        self.assertEqual(self.offered("export", "--mode", "mo"), ["moments"])
        self.assertEqual(self.offered("export", "--mode", "=", "mo"), ["moments"])
        self.assertEqual(self.offered("export", "--form", "="), ["dense", "csr"])
        self.assertEqual(self.offered("import", "--normalize", "s"), ["standard"])
        self.assertEqual(self.offered("import", "--skip-damaged", ""), ["true", "false"])
        self.assertEqual(self.offered("completion", ""), ["bash", "zsh", "fish"])
        self.assertEqual(self.offered("eval", "oth"), [])  # files: bash's own
        self.assertEqual(self.offered("predict", "--out", ""), [])

    def test_every_flag_of_help_is_offered(self):
        for verb in self.offered(""):
            if verb.startswith("-"):
                continue
            text = run(verb, "--help").stdout
            wanted = {line.split()[0].split(",")[-1] for line in text.splitlines() if line.startswith(("  -", "  [-"))}
            offered = self.offered(verb, "--")
            self.assertGreater(len(wanted), 0, verb)
            self.assertLessEqual({flag for flag in wanted if flag.startswith("--")}, set(offered), verb)
            self.assertEqual(len(offered), len(set(offered)), verb)

    def test_typed_into_bash(self):
        self.assertEqual(self.typed("varphase expo\tphotos\t--to saf\t"), ["export", "photos of mine.h5", "--to", "safetensors"])
        self.assertEqual(self.typed("varphase eval oth\t"), ["eval", "other.h5"])
        self.assertEqual(self.typed("varphase predict run --out=oth\t --mode=det\t"),
                         ["predict", "run", "--out=other.h5", "--mode=deterministic"])  # fmt: skip

    def test_zsh_and_fish_read_theirs(self):
        for shell in ("zsh", "fish"):
            text = (self.folder / f"script.{shell}").read_text()
            for word in ("moments", "overwrite", "safetensors"):
                self.assertIn(word, text)
            with self.subTest(shell):
                if shutil.which(shell) is None:
                    self.skipTest(f"no {shell}")
                subprocess.run([shell, "-n", self.folder / f"script.{shell}"], check=True)


if __name__ == "__main__":
    unittest.main()
