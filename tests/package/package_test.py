# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What `cmake --install` writes, used from outside: the two programs, and a program of somebody else's that prunes a checkpoint.

    package_test.py BUILD_FOLDER CMAKE
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

CMAKE = sys.argv.pop(2)
BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
HERE = pathlib.Path(__file__).resolve().parent
# Where this build found what the package looks for again.
PLACES = ("CMAKE_PREFIX_PATH", "CMAKE_CXX_COMPILER", "CMAKE_CUDA_COMPILER", "CUDAToolkit_ROOT", "CUDA_TOOLKIT_ROOT_DIR",
          "TORCH_CUDA_ARCH_LIST", "VARPHASE_HIGHWAY")  # fmt: skip


def cached(names):
    """Entries of the build's cache, as -D arguments; the prefix path has the package's own prefix before it."""
    for line in (BUILD / "CMakeCache.txt").read_text().splitlines():
        name, _, value = line.partition("=")
        if name.partition(":")[0] in names and value:
            yield name.partition(":")[0], value


class PackageTest(unittest.TestCase):
    def run_in(self, folder, *command):
        done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, f"{command}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def test_a_program_outside_the_tree_prunes_as_the_installed_program_does(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-package-"))
        self.addCleanup(shutil.rmtree, folder)
        self.run_in(folder, CMAKE, "--install", BUILD, "--prefix", folder / "installed")
        varphase = folder / "installed/bin/varphase"
        small = ["--threads", "1", "--device", "cpu"]
        self.run_in(folder, varphase, "train", "--preset", "quickstart", "--data", "synthetic-digits", "--train-limit", "300",
                    "--test-limit", "100", "--epochs", "1", "--quiet", "--run", "run", *small)  # fmt: skip
        # The curvature is proved by a float64 double backward pass through some entries; the rest here is NumPy's.
        self.run_in(folder, varphase, "kappa", "run", "--epoch", "1", "--verify", "5", "--quiet", *small)
        self.run_in(folder, varphase, "prune", "run", "--sparsity", "0.9", "--replace", "mean", "--out", "pruned.h5", "--quiet", *small)

        places = dict(cached(PLACES))
        places["CMAKE_PREFIX_PATH"] = f"{folder / 'installed'};{places.get('CMAKE_PREFIX_PATH', '')}"
        self.run_in(folder, CMAKE, "-G", "Ninja", "-S", HERE / "outside", "-B", "outside", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O0",
                    *(f"-D{name}={value}" for name, value in places.items()))  # fmt: skip
        self.run_in(folder, CMAKE, "--build", "outside")
        said = self.run_in(folder, "outside/prune_checkpoint", "run/checkpoints/epoch_0001.h5", "0.9", "mine.h5")

        with h5py.File(folder / "run/kappa/epoch_0001.h5") as file:
            kappa = np.abs(file["layers/dense1/hessian_diagonal"][:].astype(np.float64) * file["layers/dense1/variance"][:]).ravel()
        dropped = int(0.9 * kappa.size)
        self.assertEqual(said.splitlines(), [f"dense1: {(kappa > 10**1.5).sum()} of {kappa.size} weights over kappa_0",
                                             f"dense1: {kappa.size - dropped} of {kappa.size} weights kept"])  # fmt: skip
        kept = self.kept(folder / "mine.h5", kappa.size)
        self.assertEqual(kept.sum(), kappa.size - dropped)
        self.assertLessEqual(kappa[kept == 0].max(), kappa[kept == 1].min())
        np.testing.assert_array_equal(kept, self.kept(folder / "pruned.h5", kappa.size))
        # The installed program reads what the other one wrote.
        self.run_in(folder, varphase, "eval", "mine.h5", "--samples", "2", "--quiet", *small)

    def kept(self, path, count):
        with h5py.File(path) as file:
            return np.unpackbits(file["layers/dense1/mask"][:], count=count, bitorder="little")


if __name__ == "__main__":
    unittest.main()
