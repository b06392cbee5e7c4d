# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Several processes of the program that do one work on this machine, for tests: by hand, and by PyTorch's torchrun."""

import os
import socket
import subprocess
import sys
import time

from program import PROGRAM


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Ranks:
    """Processes of ranks 0 .. count - 1, started with what torchrun would set."""

    def __init__(self, count, *arguments, environment=()):
        shared = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
        self.processes = [
            subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, **shared, **dict(environment), "RANK": str(rank), "LOCAL_RANK": str(rank)})
            for rank in range(count)]  # fmt: skip

    def ended(self, seconds=120):
        """[(exit code, stdout, stderr)] by rank; those that do not end are killed, and their code is None."""
        end, results = time.monotonic() + seconds, []
        for process in self.processes:
            try:
                out, err = process.communicate(timeout=max(0.1, end - time.monotonic()))
                results.append((process.returncode, out, err))
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                results.append((None, out, err))
        return results


def torchrun(count, *arguments, options=(), **more):
    command = [sys.executable, "-m", "torch.distributed.run", "--no-python", "--nproc-per-node", count, "--master-addr", "127.0.0.1",
               "--master-port", free_port(), *options, "--", PROGRAM, *arguments]  # fmt: skip
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "OMP_NUM_THREADS": "1"}, **more)  # fmt: skip
