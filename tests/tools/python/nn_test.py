# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""varphase.nn beside the program: every parameterization and prior, its noise, its files; and under PyTorch's own machinery.

    PYTHONPATH=build/python:tests/tools nn_test.py PROGRAM
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import h5py
import numpy as np
import torch
from torch import nn

import varphase
from layer_cases import SPEC_OF_EVERY_LAYER, cases, gradients
from program import PROGRAM, idx_folder, run, tiny_spec, two_kinds_spec
from small_network import blobs, elbo, small_network, trained, trained_by_two
from varphase import errors, noise
from varphase.nn.layers import PARAMETERIZATIONS, PRIORS

OFFLINE = ["--threads", "1", "--device", "cpu", "--quiet"]
torch.set_num_threads(1)


class Parity(unittest.TestCase):
    def near(self, ours, theirs, tolerance, what):
        ours, theirs = ours.detach().double().flatten(), torch.tensor(theirs, dtype=torch.float64).flatten()
        self.assertEqual(ours.shape, theirs.shape, what)
        scale = max(float(theirs.abs().max()), 1e-300)
        self.assertLessEqual(float((ours - theirs).abs().max()) / scale, tolerance, what)

    def test_values_kl_and_gradients_are_the_program_s(self):
        made = list(cases())
        reference = pathlib.Path(PROGRAM).parent / "layer_reference"
        done = subprocess.run([reference], input=json.dumps([asked for _, _, asked in made]), capture_output=True, text=True, check=True)
        draw = noise.Draw(noise.Key(11, "evaluation", 0, 2), torch.arange(7, 9), torch.tensor([3]))
        for (module, x, asked), wanted in zip(made, json.loads(done.stdout), strict=True):
            what = f"{asked['kind']} {asked['options']} {'mask' in asked}"
            mean, variance = module.moments(x)
            if mean is not None and module.has_mean:
                self.near(mean, wanted["mean"], 1e-12, what)
            else:  # of no means only the bias is left
                mean = module.bias.reshape(-1, *(1,) * (variance.dim() - 2)).expand_as(variance)
                self.near(mean, wanted["mean"], 1e-12, what)
            self.near(variance, wanted["variance"], 1e-12, what)
            for name, gradient in gradients(mean.sin().sum() + variance.cos().sum(), module).items():
                self.near(gradient, wanted["gradients"].get(name, torch.zeros_like(gradient).tolist()), 1e-10, f"{what} {name}")
            module.draw = draw
            kl = module.kl(step=torch.tensor([5]))
            self.assertAlmostEqual(kl.item(), wanted["kl"], delta=1e-9 * max(1, abs(wanted["kl"])), msg=what)
            ours = gradients(kl, module)
            for name, theirs in wanted["kl_gradients"].items():
                self.near(ours[name], theirs, 1e-8, f"KL of {what} {name}")
            with torch.no_grad():
                self.near(module.float()(x.float()), wanted["output"], 1e-6, what)

    def test_gradients_hold_to_finite_differences(self):
        mean = torch.tensor([0.3, -1.2, 0.0, 2.0], dtype=torch.float64, requires_grad=True)
        variance = torch.tensor([0.5, 1e-3, 0.2, 4.0], dtype=torch.float64, requires_grad=True)
        log_alpha = torch.tensor([-12.0, -3.9, 0.3, 9.0], dtype=torch.float64, requires_grad=True)
        from varphase.nn import divergence

        self.assertTrue(torch.autograd.gradcheck(divergence.log_uniform_exact, log_alpha, eps=1e-5))
        for nu in (0.3, 7.0):
            self.assertTrue(torch.autograd.gradcheck(lambda m, v, nu=nu: divergence.student_t(m, v, nu), (mean, variance)))

    def test_noise_has_the_program_s_bits(self):
        from varphase._extension import engine

        for seed, stream, layer, sub, example, member in ((1, "evaluation", 0, 2, 0, 0), (2**64 - 5, "dropout", 700, 255, 2**32 - 1, 77),
                                                          (7, "kl_sample", 3, 0, 5, 9)):  # fmt: skip
            examples, members = torch.tensor([example, 3]), torch.tensor([member, 8])
            words = noise.Key(seed, stream, layer, sub).words()
            theirs = engine().normals(words, examples.numpy(), members.numpy(), 20004)
            ours = noise.in_torch(examples, members, words, 5001)
            np.testing.assert_array_equal(ours.numpy().view(np.int32), theirs.view(np.int32))
            found = noise.normals(noise.Key(seed, stream, layer, sub), examples, members[:1], 7)
            np.testing.assert_array_equal(found[0].numpy(), theirs[0, :7])
        # Known words of Philox4x32-10 (Random123's kat_vectors).
        words = noise.philox(*(torch.tensor([word]) for word in (0x243F6A88, 0x85A308D3, 0x13198A2E)), 0x03707344, 0xA4093822, 0x299F31D0)
        self.assertEqual([int(word) for word in words], [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1])


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-nn-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def works(self, *arguments):
        done = run(*arguments, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)

    def train(self, spec, size, name="r", epochs=2):
        """A run of a spec, and images as those that it takes."""
        data = self.folder / "images"
        if not data.exists():
            idx_folder(data, size=size)
        (self.folder / "spec.json").write_text(json.dumps(spec))
        self.works("train", "--network", "spec.json", "--data", data, "--batch-size", 50, "--epochs", epochs, "--run", name, *OFFLINE)  # fmt: skip
        images = np.random.default_rng(3).integers(0, 256, (9, size, size), np.uint8)
        np.save(self.folder / "new.npy", images)
        return images

    def holds(self, source, images, form="dense"):
        network = varphase.nn.load(self.folder / source)
        for mode in ("ensemble", "deterministic", "stochastic", "zero_mean"):
            varphase.predict(self.folder / source, self.folder / "new.npy", samples=6, seed=3, mode=mode, form=form, threads=1,
                             device="cpu", out=self.folder / "p.h5", overwrite=True, progress=False)  # fmt: skip
            with h5py.File(self.folder / "p.h5") as file:
                theirs = file["probability"][:]
            ours = varphase.nn.predict(network, images, mode=mode, samples=6, seed=3).numpy()
            self.assertLess(np.abs(ours - theirs).max(), 1e-6, f"{source} {mode}")
            # The batch does not matter.
            parts = varphase.nn.predict(network, images, mode=mode, samples=6, seed=3, batch=2).numpy()
            self.assertLess(np.abs(parts - ours).max(), 1e-6)
        return network

    def test_checkpoints_and_pruned_files_predict_as_the_program(self):
        images = self.train(two_kinds_spec(), 28)
        self.holds("r", images)
        self.works("prune", "r", "--sparsity", 0.7, "--replace", "zero", "--out", "zero.h5", *OFFLINE)
        self.works("prune", "r", "--sparsity", 0.7, "--replace", "mean", "--repair", "both", "--out", "mean.h5", *OFFLINE)
        zero = self.holds("zero.h5", images, form="csr")
        self.assertIsInstance(zero.dense1, varphase.nn.SparseVarianceLayer)
        self.assertEqual(zero.dense1.variance.layout, torch.sparse_csr)
        self.holds("mean.h5", images)
        dense = varphase.nn.load(self.folder / "zero.h5", sparse=False)
        sparse = varphase.nn.predict(zero, images)
        self.assertLess(float((varphase.nn.predict(dense, images) - sparse).abs().max()), 1e-6)
        self.works("finetune", "zero.h5", "--run", "f", "--epochs", 1, *OFFLINE)
        tuned = self.holds("f", images)
        self.assertAlmostEqual(float(tuned.dense1.mask.float().mean()), 0.3, 1)

    def test_every_layer_of_a_spec_predicts_as_the_program(self):
        network = self.holds("r", self.train(SPEC_OF_EVERY_LAYER, 8))
        self.assertEqual([name for name, layer in network.named_children() if isinstance(layer, varphase.nn.VarianceLayer)],
                         ["conv2", "dense2", "dense3"])  # fmt: skip

    def test_an_exported_program_needs_no_package(self):
        images = self.train(tiny_spec(), 8)
        self.works("prune", "r", "--sparsity", 0.5, "--replace", "zero", "--out", "zero.h5", *OFFLINE)
        np.save(self.folder / "images.npy", images[:, None].astype(np.float32) / 255)
        script = ("import sys, numpy as np, torch\n"
                  "images = torch.from_numpy(np.load('images.npy'))\n"
                  "for name in ('mean', 'sampled'):\n"
                  "    module = torch.export.load(name + '.pt2').module()\n"
                  "    torch.manual_seed(0)\n"
                  "    members = [module(images).softmax(1) for _ in range(200)]\n"
                  "    assert torch.equal(members[0], members[1]) == (name == 'mean')\n"
                  "    np.save(name + '.npy', torch.stack(members).mean(0).detach().numpy())\n"
                  "assert 'varphase' not in sys.modules")  # fmt: skip
        for mode in ("mean", "sampled"):
            varphase.nn.export(self.folder / "zero.h5", self.folder / f"{mode}.pt2", mode=mode)
        subprocess.run([sys.executable, "-c", script], cwd=self.folder, check=True, env={**os.environ, "PYTHONPATH": ""})
        network = varphase.nn.load(self.folder / "zero.h5")
        for mode, name, tolerance in (("deterministic", "mean", 1e-6), ("ensemble", "sampled", 0.03)):
            wanted = varphase.nn.predict(network, images, mode=mode, samples=200).numpy()
            self.assertLess(np.abs(np.load(self.folder / f"{name}.npy") - wanted).max(), tolerance)
        with self.assertRaises(errors.FileError):
            varphase.nn.export(self.folder / "zero.h5", self.folder / "mean.pt2")
        with self.assertRaises(errors.UsageError):
            varphase.nn.export(self.folder / "zero.h5", self.folder / "mean.bin")

    def test_a_file_of_export_s_computes_the_same_by_pytorch_alone(self):
        images = torch.from_numpy(self.train(SPEC_OF_EVERY_LAYER, 8)[:, None])
        self.works("prune", "r", "--layer", "conv2", "--sparsity", 0.6, "--criterion", "magnitude", "--replace", "zero", "--out", "zero.h5", *OFFLINE)
        self.works("prune", "r", "--layer", "conv2", "--sparsity", 0.6, "--criterion", "magnitude", "--replace", "mean", "--out", "mean.h5", *OFFLINE)
        self.works("finetune", "zero.h5", "--run", "f", "--epochs", 1, *OFFLINE)
        self.works("train", "--network", "spec.json", "--data", "images", "--normalize", "standard", "--epochs", 1, "--run", "n", *OFFLINE)
        for source in ("r", "zero.h5", "mean.h5", "f", "n"):
            varphase.export(self.folder / source, to="pytorch", out=self.folder / "theirs.py", overwrite=True, progress=False)
            script = ("import sys, torch, theirs\n"
                      "torch.randn_like = lambda x: torch.linspace(-2, 2, x.numel()).reshape(x.shape)\n"
                      "images, found = torch.load('images.pt'), []\n"
                      "for mode in ('sampled', 'mean', 'zero_mean'):\n"
                      "    net = theirs.network(mode)\n"
                      "    torch.manual_seed(5)\n"
                      "    found.append(net(images).detach())\n"
                      "assert theirs.predict(theirs.network(), images, samples=3).shape == (9, 4)\n"
                      "assert 'varphase' not in sys.modules and 'numpy' not in theirs.__dict__\n"
                      "torch.save(found, 'found.pt')")  # fmt: skip
            torch.save(images, self.folder / "images.pt")
            subprocess.run([sys.executable, "-c", script], cwd=self.folder, check=True, env={**os.environ, "PYTHONPATH": ""})
            network = varphase.nn.load(self.folder / source, sparse=False)
            for mode, ours in zip(("sampled", "mean", "zero_mean"), torch.load(self.folder / "found.pt"), strict=True):
                torch.manual_seed(5)
                numbers = lambda x: torch.linspace(-2, 2, x.numel()).reshape(x.shape)  # PyTorch's go by strides
                with varphase.nn.drawing(network, mode), torch.no_grad(), mock.patch("torch.randn_like", numbers):
                    wanted = network(network.normalize(images))
                self.assertLess(float((ours - wanted).abs().max()), 1e-5 * max(1, float(wanted.abs().max())), f"{source} {mode}")

    def test_kl_is_what_the_run_s_table_says(self):
        self.train(tiny_spec(), 8)
        table = varphase.Run(self.folder / "r").metrics
        self.assertAlmostEqual(varphase.nn.load(self.folder / "r").kl().item() / table["kl"].iloc[-1], 1, 6)

    def test_what_is_no_network_is_refused(self):
        self.train(tiny_spec(), 8)
        self.works("kappa", "r", "--epoch", "last", *OFFLINE)
        with self.assertRaisesRegex(errors.FormatError, "kappa"):
            varphase.nn.load(self.folder / "r/kappa/epoch_0002.h5")
        with self.assertRaises(errors.FileError):
            varphase.nn.load(f"{self.folder / 'r'}@77")


class Machinery(unittest.TestCase):
    def test_they_train(self):
        first, last = trained(small_network(), elbo)
        self.assertLess(last, first / 2)

    def test_two_processes_train_one_network(self):
        codes, results = trained_by_two()
        self.assertEqual(codes, [0, 0])
        (first, last, one), (_, _, other) = results
        self.assertLess(last, first)
        for name, values in one.items():
            self.assertTrue(torch.equal(values, other[name]), name)

    def test_a_module_s_layers_are_converted_in_place(self):
        network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 4))
        x, weight = torch.randn(2, 1, 8, 8), network[3].weight.detach().clone()
        before = network(x)
        varphase.nn.convert(network, layers=["3"], parameterization="weight", log_alpha=-6)
        self.assertTrue(torch.equal(network[3].mean, weight))
        with varphase.nn.drawing(network, "mean"):
            self.assertTrue(torch.equal(network(x), before))
        self.assertFalse(torch.equal(network(x), before))
        varphase.nn.convert(network)
        self.assertIsInstance(network[0], varphase.nn.VarianceConv2d)
        self.assertEqual([network[0].number, network[3].number], [0, 1])
        frozen = nn.Linear(4, 4).requires_grad_(False)
        twice = varphase.nn.convert(nn.Sequential(frozen, nn.ReLU(), frozen))
        self.assertIs(twice[0], twice[2])
        self.assertFalse(twice[0].mean.requires_grad or twice[0].bias.requires_grad)
        frozen.register_forward_pre_hook(lambda module, given: given)
        with self.assertRaisesRegex(errors.UnsupportedError, "0: has forward hooks"):
            varphase.nn.convert(nn.Sequential(frozen))
        with self.assertRaisesRegex(errors.UsageError, "no layer 'fc'"):
            varphase.nn.convert(network, layers=["fc"])
        with self.assertRaisesRegex(errors.UnsupportedError, "ReLU"):
            varphase.nn.convert(network, layers=["1"])

    def test_the_program_knows_the_same_names(self):
        from varphase._extension import engine

        self.assertTrue(engine().version())
        with tempfile.TemporaryDirectory() as folder:
            for option, names in (("parameterization", PARAMETERIZATIONS), ("prior", PRIORS)):
                spec = {"input": [1, 8, 8], "classes": 4, "layers": [{"variance_dense": {"out": 4, option: "nothing"}}]}
                path = pathlib.Path(folder) / f"{option}.json"
                path.write_text(json.dumps(spec))
                with self.assertRaises(errors.UsageError) as caught:
                    varphase.train(f"{folder}/r", network=path, data="synthetic-digits", progress=False)
                listed = str(caught.exception).split("nothing", 1)[1].split(":", 1)[-1]
                self.assertEqual({word.strip(" ,'.\n") for word in listed.replace("wants one of", "").split(",")} & set(names), set(names), listed)
                self.assertEqual(listed.count(","), len(names) - 1, listed)

    def test_options_that_are_not_there_are_named(self):
        for options in ({"parameterization": "row"}, {"prior": "normal"},
                        {"parameterization": "zero_centred", "prior": "log_uniform_sampled"}):  # fmt: skip
            with self.assertRaises(ValueError):
                varphase.nn.VarianceLinear(2, 2, **options)


if __name__ == "__main__":
    unittest.main()
