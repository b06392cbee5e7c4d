# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What the tests of the command line share: the program given as the first argument, small inputs, a folder for each test."""

import atexit
import csv
import functools
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zlib

import h5py
import numpy as np

# Threads that wait for each other leave the processor to the tests beside this one.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
# One thread: other tests may run beside this one. Six hundred drawn digits and the quickstart's network.
SMALL = ["--preset", "quickstart", "--data", "synthetic-digits", "--train-limit", "600", "--test-limit", "200",
         "--threads", "1", "--device", "cpu", "--quiet"]  # fmt: skip
OFFLINE = ["--threads", "1", "--device", "cpu", "--quiet"]


def run(*arguments, **more):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=600, **more)


def idx(path, values):
    """Writes an array of bytes as an IDX file."""
    values = np.asarray(values, np.uint8)
    header = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    with gzip.open(path, "wb") if path.suffix == ".gz" else open(path, "wb") as file:
        file.write(header + values.tobytes())


def idx_folder(folder, train=200, test=40, size=8, seed=0):
    """Images of noise with a bright place for each of four classes, as the four IDX files."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    for name, count in (("train", train), ("t10k", test)):
        labels = draw.integers(0, 4, count)
        labels[:4] = range(4)
        images = draw.integers(0, 90, (count, size, size))
        images[np.arange(count), labels + 1, labels + 1] = 255
        idx(folder / f"{name}-images-idx3-ubyte", images)
        idx(folder / f"{name}-labels-idx1-ubyte", labels)
    return folder


def tiny_spec(size=8):
    """A network that trains an epoch of a few hundred images in milliseconds."""
    layers = [{"dense": {"out": 12}}, "batch_norm", "relu", {"variance_dense": {"out": 8}}, "batch_norm",
              "softplus", {"dense": {"out": 4}}]  # fmt: skip
    return {"input": [1, size, size], "classes": 4, "layers": layers}


def two_kinds_spec():
    """A network with two kinds of variance layers: of the first all weights share an alpha, of the second each has its own."""
    return {"input": [1, 28, 28], "classes": 10, "layers": [
        {"variance_conv2d": {"out": 6, "kernel": 5, "stride": 3}}, "batch_norm", "softplus",
        {"variance_dense": {"out": 20, "parameterization": "additive"}}, "batch_norm", "softplus", {"dense": {"out": 10}}]}  # fmt: skip


def png(path, image):
    """Writes a grey image."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = b"".join(n.to_bytes(4, "big") for n in image.shape[::-1])
    rows = b"".join(b"\0" + row.tobytes() for row in image.astype(np.uint8))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + bytes([8, 0, 0, 0, 0])) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))  # fmt: skip


def arrays(path):
    """Every dataset of a file by name, as bytes."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.__setitem__(name, item[()].tobytes())
                        if isinstance(item, h5py.Dataset) else None)  # fmt: skip
    return found


def metrics_of(folder):
    """The rows of a run's metrics.csv, all as texts."""
    return list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))


@functools.cache
def small_run():
    """A run of one epoch, trained once for all tests of a file."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-run-"))
    atexit.register(shutil.rmtree, folder)
    done = run("train", *SMALL, "--epochs", 1, "--run", folder / "one")
    assert done.returncode == 0, done.stderr
    return folder / "one"


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def works(self, *arguments, **more):
        done = run(*arguments, **more)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def fails(self, code, *words, arguments, **more):
        done = run(*arguments, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        return done

    def train(self, name, *more):
        done = run("train", *SMALL, "--run", self.folder / name, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / name

    def trained(self):
        """A copy of small_run."""
        return pathlib.Path(shutil.copytree(small_run(), self.folder / "one"))

    def train_tiny(self, name, *more, epochs=1):
        """A run of tiny_spec's network."""
        data, spec = self.folder / "tiny", self.folder / "tiny.json"
        if not data.exists():
            idx_folder(data)
            spec.write_text(json.dumps(tiny_spec()))
        self.works("train", "--network", spec, "--data", data, "--batch-size", 50, "--epochs", epochs,
                   "--run", self.folder / name, *OFFLINE, *more)  # fmt: skip
        return self.folder / name

    def last_epoch_again(self, run_folder, epoch, verb):
        """The arrays of a run's last checkpoint, and of the same made anew by a resume from the one before."""
        last = run_folder / f"checkpoints/epoch_{epoch:04}.h5"
        before = arrays(last)
        last.unlink()
        self.works(verb, "--resume", "--run", run_folder, *OFFLINE)
        return before, arrays(last)
