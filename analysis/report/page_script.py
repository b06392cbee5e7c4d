# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The page's script out of its files: page_script.py OUT.js SHARED.js FILE.js...

Names of the first file are seen by all; every further one is a scope of its own.
"""

import pathlib
import sys


def joined(shared, *files):
    scopes = "".join(f"{{\n{text}}}\n" for text in files)
    return f'(() => {{\n"use strict";\n{shared}{scopes}}})();\n'


if __name__ == "__main__":
    out, *files = map(pathlib.Path, sys.argv[1:])
    out.write_text(joined(*(file.read_text(encoding="utf-8") for file in files)), encoding="utf-8")
