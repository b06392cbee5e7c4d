# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The rules of include_rules.py on planted files: each bad one is told by file, line and reason, each good one passes."""

import pathlib
import tempfile
import unittest

import include_rules

# path -> text of a tree that keeps every rule.
GOOD = {
    "src/base/error.hpp": "#pragma once\n#include <string>\n\n#include <fmt/format.h>\n",
    "src/base/error.cpp": '#include "src/base/error.hpp"\n\n#include <vector>\n\n#include <spdlog/spdlog.h>\n',
    "src/noise/philox.hpp": '#include <cstdint>\n\n#include "src/base/error.hpp"\n',
    "src/noise/fill.cu": '#include "src/noise/philox.hpp"\nvoid go() { fill<<<1, 2>>>(); }\n',
    "src/kernels/sum.hpp": '#include "src/noise/philox.hpp"\n',
    "src/kernels/sum_cpu.cpp": '#include "src/kernels/sum.hpp"\n\n#include <cmath>\n\n#include "src/base/error.hpp"\n',
    "src/variance/prior.hpp": "#include <ATen/core/Tensor.h>\n",
    "src/data/idx.cpp": '#include <unistd.h>\n\n#include <zlib.h>\n\n#include "src/base/error.hpp"\n',
    "src/models/network.cpp": '#include "src/base/array.hpp"\n#include "src/base/snapshot.hpp"\n#include "src/layers/layer.hpp"\n',
    "src/layers/layer.hpp": "#pragma once\n",
    "src/train/step.cpp": '#include "src/data/set.hpp"\n#if VARPHASE_CUDA\n#include <ATen/cuda/CUDAGraph.h>\n#endif\n',
    "src/train/trainer.hpp": "#pragma once\n",
    "src/data/set.hpp": "#pragma once\n// <<< is no launch here, nor is this: #include <torch/torch.h>\nconst char* kText = \"a <<< b\";\n",
    "src/base/array.hpp": '#include "src/base/error.hpp"\n',
    "src/base/snapshot.hpp": '#include "src/base/array.hpp"\n#include "varphase_git_hash.h"\n',
    "checkpoints/hdf5_file.cpp": "#include <sys/stat.h>\n\n#include <hdf5.h>\n",
    "analysis/kappa/draw.cpp": '#include <torch/torch.h>\n\n#include "src/base/snapshot.hpp"\n#include "src/layers/layer.hpp"\n',
    "tools/cli/kappa.cpp": '#include <CLI/CLI.hpp>\n\n#include "analysis/kappa/map.hpp"\n#include "src/base/snapshot.hpp"\n',
    "analysis/kappa/map.hpp": "#pragma once\n",
    "tools/cli/verb.hpp": "#pragma once\n",
    "tests/src/base/error_test.cpp": '#include "src/base/error.hpp"\n\n#include <gtest/gtest.h>\n\n#include "tests/support/compare.hpp"\n',
    "tests/support/compare.hpp": "#pragma once\n",
}

# (planted file, its text, where the violation is, a word of the reason)
BAD = [
    ("src/base/up.hpp", '#include "src/noise/philox.hpp"\n', 1, "src/base may not look into src/noise"),
    ("src/noise/up.hpp", '#include "src/kernels/sum.hpp"\n', 1, "src/noise may not look into src/kernels"),
    ("src/kernels/up.hpp", '\n#include "src/variance/prior.hpp"\n', 2, "src/kernels may not look into src/variance"),
    ("src/variance/up.hpp", '#include "src/layers/layer.hpp"\n', 1, "src/variance may not look into src/layers"),
    ("src/data/up.hpp", '#include "src/kernels/sum.hpp"\n', 1, "src/data may not look into src/kernels"),
    ("src/layers/up.hpp", '#include "src/train/trainer.hpp"\n', 1, "src/layers may not look into src/train"),
    ("src/models/up.cpp", '#include "checkpoints/reader.hpp"\n', 1, "src/models may not look into checkpoints"),
    ("src/train/up.cpp", '#include "analysis/kappa/map.hpp"\n', 1, "src/train may not look into analysis"),
    ("checkpoints/up.cpp", '#include "src/layers/layer.hpp"\n', 1, "checkpoints may not look into src/layers"),
    ("analysis/kappa/up.cpp", '#include "tools/cli/verb.hpp"\n', 1, "analysis/kappa may not look into tools/cli"),
    ("tools/app/up.hpp", '#include "tools/cli/verb.hpp"\n', 1, "tools/app may not look into tools/cli"),
    ("analysis/prune/up.hpp", '#include "tools/app/prune.hpp"\n', 1, "analysis/prune may not look into tools/app"),
    ("tools/cli/across.cpp", '#include "src/layers/layer.hpp"\n', 1, "tools/cli may not look into src/layers"),
    ("tools/cli/torch.cpp", "#include <ATen/ATen.h>\n", 1, "tools/cli stays free of Torch"),
    ("analysis/predict/up.hpp", '#include "analysis/kappa/map.hpp"\n', 1, "analysis/predict may not look into analysis/kappa"),
    ("analysis/sparse/up.hpp", '#include "analysis/kappa/map.hpp"\n', 1, "analysis/sparse may not look into analysis/kappa"),
    ("src/torch/up.hpp", '#include "src/variance/prior.hpp"\n', 1, "src/torch may not look into src/variance"),
    ("src/base/torch.hpp", "#include <torch/torch.h>\n", 1, "src/base stays free of Torch"),
    ("src/kernels/torch.cu", "#include <ATen/ATen.h>\n", 1, "src/kernels stays free of Torch"),
    ("src/data/torch.cpp", "#  include <c10/core/Device.h>\n", 1, "src/data stays free of Torch"),
    ("checkpoints/torch.cpp", "#include <torch/types.h>\n", 1, "checkpoints stays free of Torch"),
    ("checkpoints/second.cpp", "#include <hdf5.h>\n", 1, "HDF5 is included only"),
    ("analysis/prune/cli.cpp", "#include <CLI/CLI.hpp>\n", 1, "CLI11 is included only"),
    ("analysis/prune/log.cpp", "#include <spdlog/spdlog.h>\n", 1, "spdlog is included only"),
    ("analysis/prune/launch.cu", "void f() {\n  g<<<1, 1>>>();\n}\n", 2, "a kernel launch"),
    ("src/kernels/launch.cpp", "void f() { g<<<1, 1>>>(); }\n", 1, "a kernel launch"),
    ("src/base/relative.cpp", '#include "../noise/philox.hpp"\n', 1, "never with ../"),
    ("src/base/short.cpp", '#include "error.hpp"\n', 1, "own headers start at the root"),
    ("src/base/missing.cpp", '#include "src/base/nowhere.hpp"\n', 1, "there is no such file"),
    ("src/base/angle.cpp", "#include <src/base/error.hpp>\n", 1, "go in quotes"),
    ("src/noise/philox.cpp", "#include <vector>\n", 1, "own header and is not included"),
    ("src/kernels/sum.cpp", '#include <vector>\n#include "src/kernels/sum.hpp"\n', 2, "its own header comes before the standard"),
    ("src/base/order.cpp", "#include <fmt/format.h>\n#include <vector>\n", 2, "the standard library comes before third"),
    ("src/base/tail.cpp", '#include "src/base/error.hpp"\n#include <zlib.h>\n', 2, "third parties comes before the project"),
    ("src/base/posix.cpp", "#include <zlib.h>\n#include <sys/stat.h>\n", 2, "the standard library comes before third"),
    ("tests/src/noise/philox_test.cpp", '#include <gtest/gtest.h>\n#include "src/noise/philox.hpp"\n', 2, "its own header comes before"),
]


def plant(root, files):
    for path, text in files.items():
        target = pathlib.Path(root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


class IncludeRules(unittest.TestCase):
    def test_a_tree_that_keeps_the_rules_passes(self):
        with tempfile.TemporaryDirectory() as root:
            plant(root, GOOD)
            self.assertEqual(include_rules.check(root), [])

    def test_each_planted_violation_is_told_and_nothing_else(self):
        for path, text, line, reason in BAD:
            with self.subTest(path=path, reason=reason), tempfile.TemporaryDirectory() as root:
                plant(root, GOOD)
                plant(root, {"checkpoints/reader.hpp": "#pragma once\n", "tools/cli/verb.hpp": "#pragma once\n", "tools/app/prune.hpp": "#pragma once\n"})
                plant(root, {path: text})
                found = include_rules.check(root)
                here = [one for one in found if one.startswith(f"{path}:{line}: ") and reason in one]
                self.assertEqual(len(here), 1, found)
                self.assertEqual([one for one in found if one not in here], [])

    def test_rooms_form_no_circle(self):
        for room in include_rules.ROOMS:
            for other in include_rules.ROOMS[room]:
                self.assertNotIn(room, include_rules.ROOMS.get(other, []), f"{room} and {other}")

    def test_every_folder_of_the_tree_is_a_room(self):
        root = pathlib.Path(__file__).parents[2]
        for folder in sorted((root / "src").iterdir()):
            if folder.is_dir() and any(file.suffix in include_rules.SUFFIXES for file in folder.rglob("*")):
                self.assertIn(f"src/{folder.name}", include_rules.ROOMS, "a new room: say in ROOMS what it may look into")


if __name__ == "__main__":
    unittest.main()
