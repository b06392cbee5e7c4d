# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Runs a test program once for each instruction set of this processor, which `varphase --version` names.

    each_instruction_set.py VARPHASE PROGRAM [ARGUMENT...]
"""

import os
import re
import subprocess
import sys

varphase, program = sys.argv[1], sys.argv[2:]
version = subprocess.run([varphase, "--version"], capture_output=True, text=True, check=True).stdout
sets = re.search(r"\(of ([a-z0-9, ]+)\)", version).group(1).split(", ")
failed = []
for name in sets:
    print(f"--- VARPHASE_SIMD={name}", flush=True)
    if subprocess.run(program, env={**os.environ, "VARPHASE_SIMD": name}).returncode != 0:
        failed.append(name)
print(f"instruction sets: {', '.join(sets)}; failed: {', '.join(failed) or 'none'}")
sys.exit(1 if failed else 0)
