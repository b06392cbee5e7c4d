# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The gates behind tools/check: what a source tree and a build must hold beside their tests.

    gates.py BUILD_FOLDER [GATE...]
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/architecture"))
sys.dont_write_bytecode = True
import include_rules  # noqa: E402
import long_functions  # noqa: E402

TIDY_RELEASE = "14"
TIDY_AT_ONCE = 12
OUTERMOST = re.compile(
    r"^(?:#define (\w+)|(?:struct|class|enum class|using) (\w+)|(?!namespace )[A-Za-z][^\n(={;#/]*?[\s*&](\w+)(?:\[\w*\])?(?:\(| =|\{|;))",
    re.MULTILINE)
MOST_LINES = 400
# Longer files, and why they may be; tests may be as long as they like.
LONGER = {
    "tools/bench/varphase_bench.cpp": "a table of cases",
    "tools/python/varphase/jobs.py": "made from the engine's tables",
}
TIDY_FOLDERS = ("src/", "analysis/", "checkpoints/", "tools/")


def source_files(*endings):
    """Tracked and new files, as paths from the root; none that git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({path for path in listed.split("\0") if path.endswith(endings) and (ROOT / path).is_file()})


class Build:
    """A build folder, and how each source file is compiled by itself (tools/check configures its folder `commands` for that)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.commands = {}
        text = (self.folder / "commands/compile_commands.json").read_text()
        # Without the precompiled header, which is GCC's.
        entries = json.loads(re.sub(r" -Winvalid-pch| -include [^ \"]*cmake_pch\.hxx", "", text))
        for entry in entries:
            file = pathlib.Path(entry["directory"], entry["file"]).resolve()
            if file.is_relative_to(ROOT) and not file.is_relative_to(self.folder):
                self.commands[file.relative_to(ROOT).as_posix()] = entry

    def flags_near(self, path):
        """The compiler and its flags for a header: those of the nearest source file that sees Torch, or sees none, as it does."""
        torch = any(map(include_rules.TORCH.match, all_includes(path)))
        sources = [
            source for source, entry in self.commands.items()
            if source.endswith(".cpp") and ("/torch/csrc/api/include" in entry["command"]) == torch]
        near = max(sources, key=lambda source: (len(os.path.commonpath([source, path])), source), default=None)
        if near is None:
            raise SystemExit(f"check: {self.folder} compiles no .cpp file {'with' if torch else 'without'} Torch")
        return self.flags_of(near)

    def flags_of(self, source):
        """The compiler and its flags for a source file, without the file itself and what it makes."""
        words = shlex.split(self.commands[source]["command"])
        while not re.search(r"(g\+\+|clang\+\+|c\+\+)[-\d.]*$", words[0]):
            words.pop(0)  # ccache
        kept, skip = [], False
        for word in words:
            if skip or word in ("-c", self.commands[source]["file"]):
                skip = False
            elif word in ("-o", "-MF", "-MT", "-MQ"):
                skip = True
            elif word not in ("-MD", "-MMD"):
                kept.append(word)
        return kept


@functools.cache
def direct_includes(path):
    """What a file of the project includes; nothing where it is none of the project's."""
    file = ROOT / path
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [match.group(2) for match in map(include_rules.INCLUDE.match, lines) if match]


def all_includes(path):
    """A file and all that it includes, directly or through the project's own headers."""
    seen, todo = {path}, [path]
    while todo:
        new = set(direct_includes(todo.pop())) - seen
        seen |= new
        todo += new
    return seen


class Passed:
    """Remembers in the build folder what passed, by a digest of all that went in; a failure is never remembered."""

    def __init__(self, build, gate):
        self.folder = build.folder / "passed" / gate
        self.folder.mkdir(parents=True, exist_ok=True)

    def key(self, path, *ingredients):
        digest = hashlib.sha256("\0".join(ingredients).encode())
        for file in sorted(file for file in all_includes(path) if (ROOT / file).is_file()):
            digest.update(file.encode() + b"\0" + (ROOT / file).read_bytes())
        return self.folder / digest.hexdigest()


def on_all_cores(run, items):
    """run(item) of all items, in order; as many at once as there are cores and memory for."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with concurrent.futures.ThreadPoolExecutor(max(1, min(os.cpu_count(), memory // 3_000_000_000))) as pool:
        for number, result in enumerate(pool.map(run, items), 1):
            if sys.stderr.isatty():
                print(f"\r  {number}/{len(items)} ", end="", file=sys.stderr)
            yield result


def output_of(command, text=None):
    """Whether a command succeeded, and what it said."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, errors="replace")
    noise = re.compile(r"^(\d+ warnings? .*generated|Suppressed \d+ warnings|Use -header-filter)")
    return done.returncode == 0, "\n".join(line for line in (done.stdout + done.stderr).splitlines() if not noise.match(line))


def run_each(paths, key_of, command_of, passed_word):
    """Runs a command for each path that has not passed as it stands; prints the output of a failure and returns its path."""
    todo = [(path, key) for path in paths if not (key := key_of(path)).exists()]
    failures = []

    def run(item):
        path, key = item
        good, said = output_of(*command_of(path))
        if good:
            key.touch()
        return path, good, said

    for path, good, said in on_all_cores(run, todo):
        if not good:
            print(said.strip(), flush=True)
            failures.append(f"{path}: failed")
    print(f"  {len(paths)} files {passed_word}, {len(todo)} of them looked at now")
    return failures


# --- the gates: each takes the build and returns what is wrong -------------------------------------------------------------


def check_format(build):
    done = subprocess.run(["tools/format", "--check"], cwd=ROOT, capture_output=True, text=True)
    return [done.stdout + done.stderr] if done.returncode else []


def check_sizes(build):
    """A file holds one concept, and so few lines that it can be read in one sitting; a function can be seen at once."""
    wrong = []
    for path in source_files(".cpp", ".hpp", ".cu", ".cuh", ".py"):
        if path.startswith("tests/"):
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > MOST_LINES and path not in LONGER:
            wrong.append(f"{path}: {lines} lines, at most {MOST_LINES}: split it by what its parts are about")
        if not path.endswith(".py"):
            wrong += [f"{path}:{first}: a function of {lines} lines, at most {long_functions.MOST_LINES}: name its steps"
                      for first, lines in long_functions.long_functions(text)]
    return wrong


def check_includes(build):
    return include_rules.check(ROOT)


def check_scripts(build):
    """Python files compile, shell scripts parse."""
    wrong = []
    for path in source_files(".py"):
        try:
            compile((ROOT / path).read_text(encoding="utf-8"), path, "exec")
        except SyntaxError as error:
            wrong.append(f"{path}:{error.lineno}: {error.msg}")
    for path in source_files(""):
        file = ROOT / path
        if file.suffix == "" and file.read_bytes().startswith(b"#!/usr/bin/env bash"):
            done = subprocess.run(["bash", "-n", path], cwd=ROOT, capture_output=True, text=True)
            if done.returncode:
                wrong.append(done.stderr.strip())
    return wrong


def check_headers(build):
    """Each header compiles alone, and twice in one file: as a source file's first include the build has shown the first."""
    passed = Passed(build, "headers")
    first = {includes[0] for includes in map(direct_includes, build.commands) if includes}
    # A header that is read once for each instruction set has Highway's own guard (src/kernels/support/vectors.hpp).
    wrong = [f"{path}: no #pragma once" for path in source_files(".hpp", ".cuh")
             if not {"#pragma once", "#if defined(VARPHASE_KERNELS_VECTORS) == defined(HWY_TARGET_TOGGLE)"}
             & set((ROOT / path).read_text(encoding="utf-8").splitlines())]
    headers = [path for path in source_files(".hpp") if path not in first]
    print(f"  {len(first & set(source_files('.hpp')))} headers are some source file's first include")
    compiler = subprocess.run([build.flags_near("src/base/error.hpp")[0], "--version"], capture_output=True, text=True).stdout

    def command_of(path):
        return build.flags_near(path) + ["-fsyntax-only", "-x", "c++", "-"], f'#include "{path}"\n#include "{path}"\n'

    return wrong + run_each(
        headers, lambda path: passed.key(path, compiler, *command_of(path)[0]), command_of, "compile alone")


def check_tidy(build, with_torch=True):
    passed = Passed(build, "tidy")
    names = [f"clang-tidy-{TIDY_RELEASE}", "clang-tidy"]
    tidy = next((name for name in names if shutil.which(name)), None)
    version = subprocess.run([tidy, "--version"], capture_output=True, text=True).stdout if tidy else ""
    if f"version {TIDY_RELEASE}." not in version:
        return [f"wants clang-tidy {TIDY_RELEASE}: apt-get install clang-tidy-{TIDY_RELEASE}"]
    settings = (ROOT / ".clang-tidy").read_text()
    paths = sorted(path for path in build.commands if path.endswith(".cpp") and path.startswith(TIDY_FOLDERS)
                   and (with_torch or "/torch/include" not in build.commands[path]["command"]))
    own = f"^{re.escape(str(ROOT))}/(src|analysis|checkpoints|tools)/"
    keys = {path: passed.key(path, version, settings, build.commands[path]["command"]) for path in paths}
    todo = [path for path in paths if not keys[path].exists()]
    wrappers = build.folder / "tidy"
    wrappers.mkdir(exist_ok=True)

    def look_at(files, name):
        wrapper = wrappers / f"{name}.cpp"
        wrapper.write_text("".join(f'#include "{path}"  // NOLINT(bugprone-suspicious-include)\n' for path in files))
        good, said = output_of(
            [tidy, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", f"--header-filter={own}", str(wrapper), "--", *build.flags_of(files[0])[1:]])
        if good:
            for path in files:
                keys[path].touch()
        return good, said

    def run(item):
        """What is wrong in a group; where its files do not go together, in each of them."""
        number, files = item
        good, said = look_at(files, f"group{number}")
        if good or "clang-diagnostic-error" not in said or len(files) == 1:
            return [] if good else ["\n".join([*files, said])]
        alone = [look_at([path], f"group{number}-{place}") for place, path in enumerate(files)]
        return [said for good, said in alone if not good]

    wrong = sum(on_all_cores(run, list(enumerate(tidy_groups(todo, build)))), [])
    print(f"  {len(paths)} files pass clang-tidy, {len(todo)} of them looked at now")
    return wrong


def names_of(path):
    """Names at a source file's outermost level, roughly: two files that share one do not go into one translation unit."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return {macro or kind or thing for macro, kind, thing in OUTERMOST.findall(text)}


def tidy_groups(paths, build):
    """Files that clang-tidy reads as one: most of its time goes into the headers that all of them include. (Whether each
    includes what it uses is not asked here.)"""
    groups = []
    for path in paths:
        flags, names = build.flags_of(path), names_of(path)
        for group in groups:
            if group["flags"] == flags and len(group["files"]) < TIDY_AT_ONCE and not group["names"] & names:
                break
        else:
            group = {"flags": flags, "files": [], "names": set()}
            groups.append(group)
        group["files"].append(path)
        group["names"] |= names
    return [group["files"] for group in groups]


def check_tidy_torch_free(build):
    """Files that see no Torch take a fifth of the time."""
    return check_tidy(build, with_torch=False)


def check_links(build):
    """No program asks for the GPU's driver by itself: the same binary must start where there is none."""
    wrong, programs = [], 0
    for file in sorted(path for path in (build.folder / "bin").rglob("*") if path.is_file()):
        with file.open("rb") as stream:
            if stream.read(4) != b"\x7fELF":
                continue
        programs += 1
        shown = subprocess.run(["readelf", "-d", str(file)], capture_output=True, text=True, check=True).stdout
        for line in shown.splitlines():
            if ("NEEDED" in line and "libcuda.so" in line) or (re.search(r"R(UN)?PATH", line) and "/stubs" in line):
                wrong.append(f"{file.relative_to(build.folder)}: {line.strip()}")
    print(f"  {programs} programs")
    return wrong


def check_arm(build):
    """The CPU kernels on 64-bit ARM, emulated; passes where the cross compiler or the emulator cannot be had, and says so."""
    done = subprocess.run(["tests/arm/check"], cwd=ROOT)
    return ["tests/arm/check failed"] if done.returncode else []


def check_fuzz(build):
    """Every reader of files under libFuzzer for a minute; passes where clang or its run-time library is missing, and says so."""
    done = subprocess.run(["tests/fuzz/run", "60"], cwd=ROOT, env={**os.environ, "VARPHASE_FUZZ_SEED": "1"})
    return ["tests/fuzz/run failed"] if done.returncode else []


GATES = {
    "format": check_format,
    "sizes": check_sizes,
    "includes": check_includes,
    "scripts": check_scripts,
    "links": check_links,
    "headers": check_headers,
    "fuzz": check_fuzz,
    "arm": check_arm,
    "tidy": check_tidy,
    "tidy-torch-free": check_tidy_torch_free,
}


def main():
    build = Build(sys.argv[1])
    names = sys.argv[2:] or [name for name in GATES if name != "tidy-torch-free"]  # a part of tidy
    unknown = [name for name in names if name not in GATES]
    if unknown:
        print(f"check: no gate {', '.join(unknown)}; there are {', '.join(GATES)}", file=sys.stderr)
        return 2
    failed = []
    for name in names:
        print(f"check: {name}", flush=True)
        start = time.monotonic()
        wrong = GATES[name](build)
        for line in wrong:
            print(line)
        print(f"  {'FAILED' if wrong else 'ok'} ({time.monotonic() - start:.0f} s)", flush=True)
        if wrong:
            failed.append(name)
    print(f"check: FAILED: {', '.join(failed)}" if failed else "check: all gates hold")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
