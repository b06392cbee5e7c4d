# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The program out of the package: `varphase`, `python -m varphase`."""

import os
import pathlib
import sys


def main():
    program = pathlib.Path(__file__).with_name("bin") / "varphase"
    try:
        os.execv(program, ["varphase", *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"varphase: {program}: cannot be started: {error.strerror}\n  an installed package holds it: pip install .")


if __name__ == "__main__":
    main()
