# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Networks pruned by torch.nn.utils.prune, imported with their masks; beside PyTorch itself.

    PYTHONPATH=tests/tools import_test.py PROGRAM
"""

import json
import os
import unittest

import h5py
import numpy as np
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import prune

from program import OFFLINE, ProgramTest, idx, run

SPEC = {"input": [1, 8, 8], "classes": 3,
        "layers": [{"variance_conv2d": {"out": 4, "kernel": 3, "bias": True}}, "batch_norm", "relu", {"max_pool": 2},
                   {"variance_dense": {"out": 6, "bias": True}}, "relu", {"dense": {"out": 3, "bias": True}}]}  # fmt: skip


class PrunedImport(ProgramTest):
    def setUp(self):
        super().setUp()
        torch.manual_seed(1)
        torch.set_num_threads(1)
        self.net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                                 nn.Linear(36, 6), nn.ReLU(), nn.Linear(6, 3)).eval()  # fmt: skip
        self.images = np.random.default_rng(1).integers(0, 256, (20, 8, 8), np.uint8)
        data = self.folder / "data"
        data.mkdir()
        for part in ("train", "t10k"):
            idx(data / f"{part}-images-idx3-ubyte", self.images)
            idx(data / f"{part}-labels-idx1-ubyte", np.arange(20) % 3)
        (self.folder / "spec.json").write_text(json.dumps(SPEC))
        self.file = self.folder / "theirs.safetensors"
        self.one = self.folder / "one"
        self.take = ["import", self.file, "--network", self.folder / "spec.json", "--data", data, "--log-alpha", -5]

    def succeeds(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def imported(self, state):
        save_file({name: value.contiguous() for name, value in state.items()}, self.file)
        return self.succeeds(*self.take, "--run", self.one, "--overwrite", "--json")

    def kept(self, file, layer, shape):
        with h5py.File(file) as opened:
            bits = opened[f"masks/{layer}/kept"][:]
        return np.unpackbits(bits, count=np.prod(shape), bitorder="little").reshape(shape)

    def check_predictions(self):
        with torch.no_grad():
            wanted = self.net(torch.from_numpy(self.images[:, None] / np.float32(255))).softmax(1).numpy()
        images = self.folder / "data/t10k-images-idx3-ubyte"
        self.succeeds("predict", self.one, images, "--mode", "deterministic", "--out", self.folder / "p.h5", "--overwrite", *OFFLINE)
        with h5py.File(self.folder / "p.h5") as file:
            self.assertLess(np.abs(file["probability"][:] - wanted).max(), 1e-5)

    def test_masks_stay(self):
        ways = {
            "l1": lambda: prune.l1_unstructured(self.net[5], "weight", amount=0.7),
            "random": lambda: prune.random_unstructured(self.net[0], "weight", amount=0.4),
            "rows": lambda: prune.ln_structured(self.net[5], "weight", amount=0.5, n=2, dim=0),
            "again": lambda: prune.l1_unstructured(self.net[5], "weight", amount=0.5),
            "global": lambda: prune.global_unstructured([(self.net[0], "weight"), (self.net[5], "weight")],
                                                        pruning_method=prune.L1Unstructured, amount=0.2),
        }  # fmt: skip
        for way, apply in ways.items():  # one upon the other
            with self.subTest(way):
                apply()
                said = json.loads(self.imported(self.net.state_dict()))
                checkpoint = self.one / "checkpoints/epoch_0000.h5"
                masked = {mask["layer"]: mask for mask in said["masks"]}
                for layer, module in (("conv1", self.net[0]), ("dense1", self.net[5])):
                    if not hasattr(module, "weight_mask"):
                        continue
                    mask = module.weight_mask.numpy()
                    np.testing.assert_array_equal(self.kept(checkpoint, layer, mask.shape), mask)
                    self.assertEqual(masked[layer], {"layer": layer, "kept": mask.sum(), "weights": mask.size})
                    with h5py.File(checkpoint) as file:
                        np.testing.assert_array_equal(file[f"parameters/{layer}/mean"][:], module.weight.detach().numpy())
                self.check_predictions()
        # What was dropped stays dropped: where less is dropped, nothing comes back.
        mask = self.net[5].weight_mask.numpy()
        said = json.loads(self.succeeds("eval", self.one, "--samples", 2, "--json", *OFFLINE))
        dropped = mask.size - mask.sum() + self.net[0].weight_mask.numel() - self.net[0].weight_mask.sum().item()
        self.assertAlmostEqual(said["entries"][0]["layer_sparsity"], dropped / (mask.size + 36))
        pruned = self.folder / "more.h5"
        self.succeeds("prune", self.one, "--criterion", "variance-share", "--layer", "dense1", "--sparsity", 0.95, "--out", pruned, *OFFLINE)
        with h5py.File(pruned) as file:
            rows = np.repeat(np.arange(6), np.diff(file["layers/dense1/indptr"][:]))
            self.assertTrue(mask[rows, file["layers/dense1/indices"][:]].all())
        out = self.folder / "back.safetensors"
        self.succeeds("export", self.one, "--to", "safetensors", "--out", out)
        np.testing.assert_array_equal(load_file(out)["dense1.mask"], mask)

    def test_layers_without_masks_get_zeros_and_are_named(self):
        prune.l1_unstructured(self.net[7], "weight", amount=0.5)
        prune.l1_unstructured(self.net[5], "bias", amount=0.5)
        said = json.loads(self.imported(self.net.state_dict()))
        self.assertEqual(said["masks"], [])
        self.assertEqual(sorted(said["zeros"]), ["5.bias", "7.weight"])
        self.check_predictions()
        self.assertIn("5.bias", self.succeeds(*self.take, "--run", self.folder / "two"))

    def test_a_mask_that_drops_nothing_is_none(self):
        prune.identity(self.net[5], "weight")
        said = json.loads(self.imported(self.net.state_dict()))
        self.assertEqual((said["masks"], said["zeros"]), ([], []))
        self.check_predictions()

    def test_half_a_pair_is_refused(self):
        prune.l1_unstructured(self.net[5], "weight", amount=0.5)
        state = self.net.state_dict()
        cases = {
            "weight_mask": {name: value for name, value in state.items() if name != "5.weight_mask"},
            "weight_orig": {name: value for name, value in state.items() if name != "5.weight_orig"},
            "which one": {**state, "5.weight": state["5.weight_orig"].clone()},
            "0 and 1": {**state, "5.weight_mask": state["5.weight_mask"] * 0.5},
            "shape": {**state, "5.weight_mask": state["5.weight_mask"][:3].clone()},
        }
        for word, damaged in cases.items():
            save_file({name: value.contiguous() for name, value in damaged.items()}, self.file)
            self.fails(2, word, arguments=[*self.take, "--run", self.one])
        self.assertFalse(self.one.exists())


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    unittest.main()
