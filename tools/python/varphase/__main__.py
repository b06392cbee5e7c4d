# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The program out of the package: `varphase`, `python -m varphase`."""

import os
import pathlib
import subprocess
import sys


from varphase._own_networks import PYTORCH_FILES


def _import_of_pytorch_s(program, words, place):
    """`varphase import` of a file that PyTorch alone reads: what it holds goes to the program as files that it reads."""
    from varphase import arrays, exported
    from varphase.errors import VarphaseError

    with arrays.temporary_folder() as folder:
        try:
            weights, network = exported.as_imported(words[place], folder)
        except VarphaseError as error:
            print(f"varphase: {error}", file=sys.stderr)
            return 3 if error.kind in ("io", "format") else 2
        own = [] if network is None or any(word.startswith(("--network", "--preset")) for word in words) else ["--network", network]
        return subprocess.run([program, *words[:place], weights, *words[place + 1 :], *own], check=False).returncode


def main():
    program, words = pathlib.Path(__file__).with_name("bin") / "varphase", sys.argv[1:]
    try:
        place = next((i for i, word in enumerate(words) if word.endswith(PYTORCH_FILES) and os.path.isfile(word)), 0)
        if place and words[0] == "import":
            sys.exit(_import_of_pytorch_s(program, words, place))
        os.execv(program, ["varphase", *words])
    except OSError as error:
        sys.exit(f"varphase: {program}: cannot be started: {error.strerror}\n  an installed package holds it: pip install .")


if __name__ == "__main__":
    main()
