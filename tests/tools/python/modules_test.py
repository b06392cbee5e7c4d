# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A user's own networks and arrays: from_module, kappa of a module, images that Python holds.

    PYTHONPATH=build/python:tests/tools modules_test.py PROGRAM
"""

import subprocess
import sys
import unittest
import warnings

import h5py
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import varphase
from in_folder import InFolder
from varphase import errors

CPU = {"device": "cpu", "threads": 1, "progress": False}
torch.set_num_threads(1)


class Own(nn.Module):
    """Convolutions and dense layers with functions between, as people write them."""

    def __init__(self):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=2, bias=False)
        self.fc1, self.fc2 = nn.Linear(6, 10), nn.Linear(10, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.softplus(self.conv2(x))
        x = x.view(x.size(0), -1)
        x = F.dropout(torch.tanh(self.fc1(x)), 0.2, self.training)
        return F.log_softmax(self.fc2(x), dim=1)


class Residual(nn.Module):
    """What no chain of layers is."""

    def __init__(self):
        super().__init__()
        self.stem, self.conv = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.norm, self.attention, self.fc = nn.LayerNorm(4), nn.Hardswish(), nn.Linear(4, 4)

    def forward(self, x):
        x = self.stem(x)
        x = x + self.attention(self.conv(x))
        return self.fc(self.norm(x.mean((2, 3))))


class Then(nn.Module):
    """A dense network with a function of its logits."""

    def __init__(self, function):
        super().__init__()
        self.fc, self.function = nn.Linear(72, 4), function

    def forward(self, x):
        return self.function(self.fc(x.flatten(1)))


def own_network():
    torch.manual_seed(0)
    network = Own()
    with torch.no_grad():
        network.norm1.running_mean.normal_(0, 0.1)
        network.norm1.running_var.uniform_(0.5, 2)
    return network.eval()


def images_and_labels(count=60):
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (count, 1, 6, 6), np.uint8), generator.integers(0, 4, count)


class FromModule(InFolder):
    def test_a_network_becomes_a_spec_with_the_same_predictions(self):
        network, (images, labels) = own_network(), images_and_labels()
        x = torch.from_numpy(images).float() / 255
        found = varphase.from_module(network, x)
        self.assertEqual(found.names, {"conv1": "conv1", "batch_norm1": "norm1", "conv2": "conv2", "dense1": "fc1", "dense2": "fc2"})
        kinds = [layer if isinstance(layer, str) else next(iter(layer)) for layer in found.spec["layers"]]
        self.assertEqual(kinds, ["conv2d", "batch_norm", "relu", "max_pool", "conv2d", "softplus", "flatten", "dense", "tanh", "dropout", "dense"])
        made = found.to_run("mine", data=(images, labels))
        varphase.predict(made, images, out="p.h5", mode="deterministic", **CPU)
        with h5py.File("p.h5") as file:
            ours = file["probability"][:]
        with torch.no_grad():
            wanted = network(x).exp().numpy()
        self.assertLess(np.abs(ours - wanted).max(), 1e-6)
        result = varphase.evaluate(made, samples=2, **CPU)["entries"][0]
        self.assertEqual(result["images"], 60)
        self.assertAlmostEqual(result["accuracy"]["deterministic"], float((wanted.argmax(1) == labels).mean()), 6)

    def test_a_compiled_module_is_the_one_within(self):
        network, x = own_network(), torch.zeros(2, 1, 6, 6)
        self.assertEqual(varphase.from_module(torch.compile(network), x).spec, varphase.from_module(network, x).spec)

    def test_the_module_stays_in_its_modes(self):
        network = own_network().train()
        network.norm1.eval()
        varphase.from_module(network, torch.zeros(2, 1, 6, 6))
        self.assertTrue(network.training and network.fc1.training)
        self.assertFalse(network.norm1.training)

    def test_variance_layers_and_dense_networks_go_too(self):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(36, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 4))
        varphase.nn.convert(network, ["1"], parameterization="neuron", log_alpha=-2)
        images, labels = images_and_labels()
        found = varphase.from_module(network, torch.zeros(2, 1, 6, 6))
        made = found.to_run("mine", data=(torch.from_numpy(images), torch.from_numpy(labels)))
        for network_again in (made.network(), varphase.nn.load(made.checkpoint())):
            self.assertTrue(torch.equal(network_again.dense1.mean, network[1].mean))
            self.assertTrue(torch.equal(network_again.dense1.log_alpha, network[1].log_alpha))

    def test_what_is_not_covered_is_named_part_by_part(self):
        with self.assertRaises(errors.UnsupportedError) as caught:
            varphase.from_module(Residual(), torch.zeros(2, 1, 6, 6))
        said = str(caught.exception)
        for words in ("stem: Conv2d: it is used more than once", "conv: Conv2d: groups and dilation", "attention: Hardswish",
                      "add: add: it joins 2 tensors", "mean: mean", "norm: LayerNorm"):  # fmt: skip
            self.assertIn(words, said)
        self.assertNotIn("fc:", said)

        class Branch(nn.Module):
            def forward(self, x):
                return x if x.sum() > 0 else -x

        with self.assertRaisesRegex(errors.UnsupportedError, "torch.fx cannot trace it"):
            varphase.from_module(Branch(), torch.zeros(2, 4))
        for layer, words in ((nn.LeakyReLU(0.2), "slope 0.2"), (nn.MaxPool2d(3, 2), "side by side"), (nn.BatchNorm2d(1, eps=1e-3), "eps 0.001"),
                             (nn.GELU("tanh"), "tanh"), (nn.Conv2d(1, 1, (3, 5)), "not square"),
                             (nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), "reflect")):  # fmt: skip
            with self.assertRaisesRegex(errors.UnsupportedError, words):
                varphase.from_module(nn.Sequential(layer, nn.Flatten(), nn.Linear(36, 4) if not isinstance(layer, (nn.MaxPool2d, nn.Conv2d))
                                                   else nn.LazyLinear(4)), torch.zeros(2, 1, 6, 6))  # fmt: skip

    def test_no_argument_is_left_out_in_silence(self):
        images = torch.zeros(2, 2, 6, 6)
        hooked, shared = nn.Conv2d(2, 1, 3), nn.Linear(4, 4)
        hooked.register_forward_hook(lambda module, given, result: 2 * result)
        tied = nn.Linear(4, 4)
        tied.weight = shared.weight
        four = [nn.Flatten(), nn.Linear(72, 4)]
        for layers, words in (([*four, nn.Softmax(0)], r"over dim 0 of \[2, 4\]"), ([nn.Softmax(1), *four], "over dim 1 of .2, 2, 6, 6"),
                              ([nn.AvgPool2d(2, divisor_override=3)], "divisor_override"), ([nn.MaxPool2d(2, return_indices=True)], "return_indices"),
                              ([nn.MaxPool2d(2, padding=1)], "padding, dilation"), ([nn.AvgPool2d(2, ceil_mode=True)], "ceil_mode"),
                              ([nn.MaxPool2d(2, dilation=2)], "dilation"), ([nn.Conv2d(2, 2, 3, dilation=(1, 2))], "not square"),
                              ([nn.Conv2d(2, 2, 3, padding="same")], "padding 'same'"), ([nn.Conv2d(2, 2, 3, groups=2)], "groups"),
                              ([nn.AdaptiveAvgPool2d((None, None))], "not square"), ([nn.AdaptiveAvgPool2d(3)], "whole square image"),
                              ([nn.BatchNorm2d(2, affine=False)], "without weights"), ([nn.BatchNorm2d(2, track_running_stats=False)], "statistics"),
                              ([nn.BatchNorm2d(2, momentum=None)], "momentum None"), ([nn.BatchNorm2d(2, momentum=0.01)], "momentum 0.01"),
                              ([nn.Flatten(2), nn.BatchNorm1d(2)], r"\[2, 2, 36\]"), ([*four, nn.Flatten(0)], r"\[2, 4\] to \[8\]"),
                              ([nn.Flatten(0, 1)], "Flatten"), ([nn.Softplus(threshold=2)], "threshold 2"), ([nn.Dropout2d(0.5)], "no layer"),
                              ([nn.AlphaDropout(0.5)], "no layer"), ([hooked], "hooks"), ([*four, shared, nn.ReLU(), shared], "share weights"),
                              ([*four, shared, tied], "share weights"), ([nn.utils.weight_norm(nn.Conv2d(2, 2, 3))], "hooks"),
                              ([nn.Conv2d(2, 2, 3)], "itself: its result is no tensor of logits")):  # fmt: skip
            with self.subTest(words), warnings.catch_warnings(), self.assertRaisesRegex(errors.UnsupportedError, words):
                warnings.simplefilter("ignore")
                network = nn.Sequential(*layers)
                varphase.from_module(network, images)
        for function, words in ((lambda x: F.softmax(x, 0), "dim 0"), (lambda x: x.softmax(-2), "dim -2"), (lambda x: F.dropout(x, 0.5), "evaluation too"),
                                (lambda x: F.softplus(x, 1, 3), "threshold 3"), (lambda x: x.sort(1)[0], "sort"), (lambda x: x.chunk(2, 1)[0], "chunk"),
                                (lambda x: x[:, :2], "getitem"), (lambda x: (x,), "its result"), (lambda x: x.T, "getattr"),
                                (lambda x: F.avg_pool2d(x.view(2, 1, 2, 2), 2, divisor_override=3).view(2, 1), "divisor_override")):  # fmt: skip
            with self.subTest(words), self.assertRaisesRegex(errors.UnsupportedError, words):
                varphase.from_module(Then(function), images)
            if words not in ("its result", "getattr"):
                with self.subTest(f"exported {words}"), self.assertRaises(errors.UnsupportedError) as caught:
                    varphase.from_exported(torch.export.export(Then(function).eval(), (images,)))
                self.assertNotIn("its arguments", str(caught.exception))
        with self.assertRaisesRegex(errors.UnsupportedError, "float64 of torch.float32"):
            varphase.from_exported(torch.export.export(Then(lambda x: x.double()).eval(), (images,)))
        for example, words in ((torch.zeros(2, 3, 6, 6), "shape .2, 3, 6, 6.: mat1 and mat2"), ("images", "wants images"), (torch.zeros(2, 6, 6), "2, 6, 6")):
            with self.assertRaisesRegex(errors.ShapeError, words):
                varphase.from_module(nn.Sequential(*four), example)
        same = nn.Sequential(nn.MaxPool2d(2, ceil_mode=False), nn.AvgPool2d((3,)), nn.ReLU(inplace=True), nn.Flatten(1, 3), nn.Linear(2, 4), nn.Softmax(-1))
        self.assertEqual(len(varphase.from_module(same.double(), np.zeros((1, 2, 6, 6), np.uint8)).spec["layers"]), 5)

    def test_a_state_dict_becomes_a_sparse_ensemble(self):
        torch.save(own_network().state_dict(), "own.pt")
        # As docs/python.md has it.
        model = Own()
        model.load_state_dict(torch.load("own.pt"))
        varphase.nn.convert(model, layers=["fc1"], log_alpha=-3)
        found = varphase.from_module(model, torch.zeros(2, 1, 6, 6)).to_run("runs/own", data=images_and_labels())
        varphase.prune(found, sparsity=0.5, replace="zero", out="sparse.h5", **CPU)
        ensemble = varphase.nn.load("sparse.h5")
        probabilities = varphase.nn.predict(ensemble, images_and_labels()[0])
        self.assertEqual(probabilities.shape, (60, 4))
        self.assertEqual(ensemble.dense1.variance.values().numel(), 30)


class Exported(InFolder):
    def setUp(self):
        super().setUp()
        self.network, (self.images, self.labels) = own_network(), images_and_labels()
        self.x = torch.from_numpy(self.images).float() / 255
        self.program = torch.export.export(self.network, (self.x[:2],), dynamic_shapes=({0: torch.export.Dim("images")},))
        np.savez("set.npz", train_images=self.images, train_labels=self.labels, test_images=self.images, test_labels=self.labels)

    def predicts_the_same(self, run):
        varphase.predict(run, self.images, out="p.h5", mode="deterministic", overwrite=True, **CPU)
        with h5py.File("p.h5") as file, torch.no_grad():
            self.assertLess(np.abs(file["probability"][:] - self.network(self.x).exp().numpy()).max(), 1e-6)

    def command(self, *words):
        return subprocess.run([sys.executable, "-W", "ignore", "-m", "varphase", *map(str, words)], capture_output=True, text=True)

    def test_a_program_of_torch_export_becomes_a_run(self):
        found = varphase.from_exported(self.program)
        self.assertEqual(found.names, {"conv1": "conv1", "batch_norm1": "norm1", "conv2": "conv2", "dense1": "fc1", "dense2": "fc2"})
        self.assertEqual(found.spec, varphase.from_module(self.network, self.x).spec)
        self.predicts_the_same(found.to_run("found", data="set.npz"))
        torch.export.save(self.program, "net.pt2")
        varphase.import_("net.pt2", run="imported", data=(self.images, self.labels), progress=False)
        self.predicts_the_same("imported")
        done = self.command("import", "net.pt2", "--data", "set.npz", "--run", "typed")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.predicts_the_same("typed")

    def test_a_state_dict_is_imported_without_running_code(self):
        varphase.from_module(self.network, self.x).save("spec")
        for name, state in (("plain", self.network.state_dict()), ("within", {"epoch": 3, "model_state_dict": self.network.state_dict()})):
            torch.save(state, f"{name}.pt")
            varphase.import_(f"{name}.pt", network="spec/spec.json", run=name, data="set.npz", progress=False)
            self.predicts_the_same(name)
        done = self.command("import", "plain.pt", "--network", "spec/spec.json", "--data", "set.npz", "--run", "typed")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.predicts_the_same("typed")

    def test_what_is_not_covered_is_named_part_by_part(self):
        with self.assertRaises(errors.UnsupportedError) as caught:
            varphase.from_exported(torch.export.export(Residual().eval(), (torch.zeros(2, 1, 6, 6),)))
        for words in ("conv2d_1: conv2d:", "hardswish: hardswish: there is no layer", "add: add: it joins 2 tensors", "mean: mean", "layer_norm"):
            self.assertIn(words, str(caught.exception))
        with self.assertRaisesRegex(errors.UnsupportedError, "module.eval"):
            varphase.from_exported(torch.export.export(nn.Sequential(nn.BatchNorm2d(1), nn.Flatten()), (torch.zeros(2, 1, 6, 6),)))

    def test_files_that_are_none_of_these(self):
        torch.save(self.network, "whole.pt")
        torch.save({"a": 1}, "numbers.pt")
        for name, kind, words in (("no.pt2", errors.FileError, "no such file"), ("whole.pt", errors.FormatError, "would run code"),
                                  ("numbers.pt", errors.FormatError, "no tensors"), ("no.pt", errors.FileError, "no such file")):  # fmt: skip
            with self.assertRaisesRegex(kind, words):
                varphase.import_(name, run="r", data="set.npz", progress=False)
        with self.assertRaisesRegex(errors.FormatError, "torch.export.save"):
            varphase.from_exported("set.npz")
        done = self.command("import", "whole.pt", "--run", "r")
        self.assertEqual(done.returncode, 3)
        self.assertIn("varphase: whole.pt: is no state_dict", done.stderr)


class Kappa(InFolder):
    def test_kappa_of_a_module_is_its_hessian_s_diagonal(self):
        network, (images, labels) = own_network(), images_and_labels(20)
        found = varphase.kappa(network, data=(images, labels), **CPU)
        self.assertEqual(set(found.hessian_diagonal), {"conv1", "conv2", "fc1", "fc2"})
        exact = network.double()
        x, y = torch.from_numpy(images).double() / 255, torch.from_numpy(labels)
        for name, ours in found.hessian_diagonal.items():
            weight = exact.get_submodule(name).weight
            (gradient,) = torch.autograd.grad(F.nll_loss(exact(x), y, reduction="sum"), weight, create_graph=True)
            flat = gradient.flatten()
            wanted = [torch.autograd.grad(flat[i], weight, retain_graph=True)[0].flatten()[i].item() for i in range(0, flat.numel(), 3)]
            np.testing.assert_allclose(ours.ravel()[::3], wanted, atol=2e-4 * np.abs(wanted).max(), err_msg=name)

    def test_variance_layers_have_kappa_and_a_dataset_is_data(self):
        network, (images, labels) = own_network(), images_and_labels(20)
        varphase.nn.convert(network, ["fc1"], log_alpha=-1)
        pixels = torch.from_numpy(images).float() / 255
        dataset = torch.utils.data.TensorDataset(pixels, torch.from_numpy(labels))
        loader = torch.utils.data.DataLoader(dataset, batch_size=8)
        by_set, by_batch = (varphase.kappa(network, data=data, layer="fc1", **CPU) for data in (dataset, loader))
        self.assertEqual(set(by_set.kappa), {"fc1"})
        np.testing.assert_array_equal(by_set.kappa["fc1"], by_batch.kappa["fc1"])
        variance = np.exp(-1) * network.fc1.mean.detach().numpy().astype(float) ** 2
        np.testing.assert_allclose(by_set.kappa["fc1"], by_set.hessian_diagonal["fc1"] * variance, rtol=1e-5)
        with self.assertRaisesRegex(errors.UsageError, "images, labels"):
            varphase.kappa(network, data="mnist", **CPU)


if __name__ == "__main__":
    unittest.main()
