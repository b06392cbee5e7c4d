# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Finds functions that are too long to be read at one glance, in C++ and CUDA as clang-format lays them out. clang-tidy has
such a check too, but cannot read CUDA's headers."""

import re

MOST_LINES = 80
# What opens a block that is no function: a type, a namespace, or a table (no parenthesis, or an initializer).
NO_FUNCTION = re.compile(r"(template <.*> )?(inline )?(namespace|struct|class|enum|union|extern)\b|[^(]*$|.* = \{$")
# Where the line before a declaration ends.
BEFORE = re.compile(r"^$|^\s*(//|#)|[;{}:]$|^\s*(public|protected|private):|^\s*template <.*>$")


def indent(line):
    return len(line) - len(line.lstrip())


def long_functions(text, most=MOST_LINES):
    """(line where it begins, lines of its body) of each block that is longer; of nested ones the outermost."""
    lines = [line.rstrip() for line in text.split("\n")]
    found, end = [], 0
    for opened, line in enumerate(lines):
        if opened < end or not line.endswith("{"):
            continue
        first = opened
        while first > 0 and not BEFORE.search(lines[first - 1]):
            first -= 1
        head = " ".join(part.strip() for part in lines[first : opened + 1])
        if NO_FUNCTION.match(head):
            continue
        depth = indent(lines[first])
        closed = next((n for n in range(opened + 1, len(lines)) if lines[n].lstrip().startswith("}") and indent(lines[n]) <= depth), opened)
        if closed - opened > most:
            found.append((first + 1, closed - opened))
            end = closed
    return found
