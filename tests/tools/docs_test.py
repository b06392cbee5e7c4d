# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The documents: their site is whole and asks nobody for anything, and what they print in code is what the programs take. (readme_test runs
README.md and docs/getting-started.md, export_test docs/export.md, notebook_test the notebooks.)

    docs_test.py PROGRAM
"""

import ast
import functools
import html.parser
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

import markdown_it
from program import PROGRAM

ROOT = pathlib.Path(__file__).parents[2]
PAGES = sorted([ROOT / name for name in ("README.md", "CONTRIBUTING.md", "checkpoints/FORMAT.md")] + list((ROOT / "docs").glob("*.md")))
# Flags of other programs that pages name.
FOREIGN_FLAGS = {"--test-dir": "ctest", "--install": "cmake", "--prefix": "cmake", "--run-path": "torchrun", "--max-restarts": "torchrun"}
SHELL = ("", "sh", "bash", "inline")


@functools.cache
def all_code():
    """(page and line, language, text) of each block and each span of code; a span's language is "inline"."""
    found = []
    for page in PAGES:
        for token in markdown_it.MarkdownIt().enable("table").parse(page.read_text()):
            where = f"{page.name}:{token.map[0] + 1}" if token.map else ""
            if token.type in ("fence", "code_block"):
                found.append((where, token.info.strip(), token.content))
            found += [(where, "inline", child.content) for child in token.children or [] if child.type == "code_inline"]
    return found


def commands(text):
    """The words of each `varphase ...` in lines of a shell; a shell's variable counts as the number 1, one that holds flags as nothing."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("Usage:"):
            continue
        line = re.sub(r"\$\w+", "1", re.sub(r"(?<!--)(?<=\w )\$[A-Z]+(?= --)", "", line))
        words = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
        words.whitespace_split = True
        try:
            words = list(words)
        except ValueError:  # an apostrophe: prose, or what a program printed
            continue
        command, first = None, None
        for word in [*words, ";"]:
            if re.fullmatch(r"[|&;<>()]+", word):
                if command:
                    yield command
                command, first = None, None
            elif command is not None:
                command.append(word)
            elif word == "varphase" and not (first or "").startswith(("tools/", "git")):
                command = [word]
            first = first or word


class Code(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-docs-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        # The front reads the whole command line and hands it to the engine beside it: here one that does nothing.
        (cls.folder / "bin").mkdir()
        shutil.copy(PROGRAM, cls.folder / "bin/varphase")
        engine = cls.folder / "bin/varphase-engine"
        engine.write_text("#!/bin/sh\n")
        engine.chmod(0o755)
        script = subprocess.run([PROGRAM, "completion", "bash"], capture_output=True, text=True, check=True).stdout
        cls.flags = {verb: set(words.split()) for verb, words in re.findall(r"^ {8}(\w+)\) words='(--[^']*)'", script, re.MULTILINE)}
        cls.any_flag = set().union(*cls.flags.values())

    def refused(self, words):
        """What is said of a command line that the program does not take: it ends with exit code 2, missing files with another."""
        done = subprocess.run([self.folder / "bin/varphase", *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        return done.stderr if done.returncode == 2 else ""

    def test_command_lines(self):
        where_of = {}
        for where, language, text in all_code():
            for command in commands(text) if language in SHELL else ():
                # Within a sentence `varphase eval --json` may stand for any such command.
                words = tuple(word for before, word in zip(command, command[1:])
                              if language != "inline" or not (word == "VERB" or (word == "..." and before[:2] != "--")))
                if words:
                    where_of.setdefault((words, language == "inline"), where)
        wrong = []
        for (words, inline), where in where_of.items():
            said = self.refused(words)
            wrong += [f"{where}: varphase {shlex.join(words)}: {said}"] if said and not (inline and " is required\n" in said) else []
        self.assertFalse(wrong, "\n".join(["", *wrong]))
        self.assertGreater(len(where_of), 100)

    def test_flags(self):
        """A flag between backticks is one that a verb or a script has; behind a verb's name, that verb's."""
        scripts = "".join(path.read_text() for path in [*(ROOT / "tools").iterdir(), *(ROOT / "tools/bench").glob("*.py")] if path.is_file())
        wrong = []
        for where, language, text in all_code():
            if language == "inline" and text.strip():
                known = self.flags.get(text.split()[0], self.any_flag | {"--version"})
                wrong += [f"{where}: {text}: {flag}" for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", text)
                          if flag not in known and flag not in scripts and flag not in FOREIGN_FLAGS]
        self.assertFalse(wrong, "\n".join(["", *wrong]))
        named = {flag for _, _, text in all_code() for flag in FOREIGN_FLAGS if flag in text}
        self.assertEqual(named, set(FOREIGN_FLAGS))

    def test_other_blocks(self):
        for where, language, text in all_code():
            with self.subTest(where):
                if language == "python":
                    ast.parse(text)
                elif language == "json":
                    json.loads(text)
                elif language in ("sh", "bash"):
                    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
                else:
                    self.assertIn(language, (*SHELL, "cmake", "cpp"), "a block of a language that this test does not know")
                for script in re.findall(r"(?<![\w/.])tools/\w+(?![\w/.*])", text) if language in SHELL else ():
                    self.assertTrue((ROOT / script).exists(), script)


class Page(html.parser.HTMLParser):
    """What a page links to, what it loads, and the places within it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.places = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        elif tag == "link" and attributes.get("rel") != "canonical":
            self.loads.append(attributes["href"])
        self.loads += [attributes[name] for name in ("src", "poster", "data") if attributes.get(name)]


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-site-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        done = subprocess.run([ROOT / "tools/docs", cls.folder], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr  # a link that leads nowhere, too
        cls.pages = {path: Page(path.read_text()) for path in cls.folder.rglob("*.html")}

    def test_every_page_is_there(self):
        for page in PAGES:
            self.assertIn(self.folder / page.relative_to(ROOT).with_suffix(".html"), self.pages)

    def test_links_lead_somewhere(self):
        count = 0
        for path, page in self.pages.items():
            for link in page.links + page.loads:
                address = urllib.parse.urlsplit(link)
                if address.scheme or address.netloc:
                    continue
                with self.subTest(page=path.name, link=link):
                    to = (path.parent / urllib.parse.unquote(address.path)).resolve() if address.path else path
                    self.assertTrue(to.is_file(), to)
                    if address.fragment and to in self.pages:
                        self.assertIn(urllib.parse.unquote(address.fragment), self.pages[to].places)
                    count += 1
        self.assertGreater(count, 500)

    def test_nothing_is_loaded_from_elsewhere(self):
        for path, page in self.pages.items():
            self.assertEqual([load for load in page.loads if re.match(r"(\w+:)?//", load)], [], path)
        for path in self.folder.rglob("*"):
            if path.suffix == ".css":
                self.assertNotRegex(path.read_text(), r"(url\(|@import)\s*['\"]?(\w+:)?//", path)


if __name__ == "__main__":
    unittest.main()
