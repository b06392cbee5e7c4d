# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What shells complete by the scripts of `varphase completion`.

    PYTHONPATH=tests/tools completion_test.py PROGRAM
"""

import os
import pathlib
import pty
import re
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
CONTROL = re.compile(rb"\x1b\[[?0-9;]*[A-Za-z]")  # zsh switches a terminal's modes behind its prompt


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

    def typed(self, *lines, shell="bash"):
        """Words of the command that an interactive shell has run after those lines were typed into it."""
        main, other = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "PS1": PROMPT.decode(), "HOME": str(self.folder)}
        begin = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
        first = ["autoload -U compinit; compinit -D -u; unsetopt prompt_cr prompt_sp"] if shell == "zsh" else []
        shell = subprocess.Popen(begin, stdin=other, stdout=other, stderr=other, cwd=self.folder, env=environment, start_new_session=True)
        os.close(other)
        said, end = b"", time.monotonic() + 60
        try:
            for line in (CALLED, *first, f"source script.{begin[0]}", *lines, "exit"):
                while not CONTROL.sub(b"", said).rstrip().endswith(PROMPT):
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
        self.assertEqual(self.offered("export", "runs/first", "--to", ""), ["safetensors", "onnx", "pytorch"])
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

    @unittest.skipIf(shutil.which("fish") is None, "no fish")
    def test_fish_offers_the_same(self):
        def offered(line):
            done = subprocess.run(["fish", "--no-config", "-c", f"source script.fish; complete -C '{line}'"], capture_output=True, text=True,
                                  cwd=self.folder, env={"PATH": os.environ["PATH"], "HOME": str(self.folder)})  # fmt: skip
            self.assertEqual(done.stderr, "", line)
            return {row.split("\t")[0] for row in done.stdout.splitlines()}

        verbs = {word for word in self.offered("") if not word.startswith("-")}
        self.assertLessEqual(verbs, offered("varphase "))
        self.assertEqual(offered("varphase export --mode mo"), {"moments"})
        self.assertIn("photos of mine.h5", offered("varphase eval photos"))
        for verb in ("export", "train", "man"):
            flags = set(self.offered(verb, "--"))
            self.assertLessEqual(flags, offered(f"varphase {verb} --"), verb)

    @unittest.skipIf(shutil.which("zsh") is None, "no zsh")
    def test_typed_into_zsh(self):
        self.assertEqual(self.typed("varphase expo\tphotos\t--to saf\t", shell="zsh"),
                         ["export", "photos of mine.h5", "--to", "safetensors"])  # fmt: skip
        self.assertEqual(self.typed("varphase export --mode mo\t", shell="zsh"), ["export", "--mode", "moments"])


if __name__ == "__main__":
    unittest.main()
