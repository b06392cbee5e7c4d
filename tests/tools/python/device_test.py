# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Tensors, modules and jobs on one device: a CPU, or by VARPHASE_TEST_DEVICE=cuda a GPU.

    PYTHONPATH=build/python:tests/tools device_test.py PROGRAM
"""

import json
import os
import pathlib
import re
import shutil
import unittest

import h5py
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import varphase
from in_folder import InFolder
from layer_cases import SPEC_OF_EVERY_LAYER, cases, gradients
from program import PROGRAM, idx_folder, run
from small_network import blobs, elbo, small_network, trained, trained_by_two
from varphase import noise

DEVICE = os.environ.get("VARPHASE_TEST_DEVICE", "cpu")
CUDA = DEVICE == "cuda"
HERE = {"device": DEVICE, "threads": 1, "progress": False}
torch.set_num_threads(1)
# Products of float32 with all their digits, as the program's.
torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False


def numbers_alone(values):
    """A result without what tells of the process."""
    return {name: value for name, value in values.items() if not re.search("seconds|second$|created|unwritten", name)}


def small_spec():
    return {"input": [1, 8, 8], "classes": 4, "layers": [{"conv2d": {"out": 4, "kernel": 3}}, "batch_norm", "relu", {"dense": {"out": 12}},
            "batch_norm", "relu", {"variance_dense": {"out": 8}}, "batch_norm", "relu", {"dense": {"out": 4}}]}  # fmt: skip


class OnDevice(InFolder):
    def train(self, spec):
        idx_folder(pathlib.Path("images"))
        pathlib.Path("spec.json").write_text(json.dumps(spec))
        done = run("train", "--network", "spec.json", "--data", "images", "--batch-size", 50, "--epochs", 2, "--run", "r", "--threads", 1,
                   "--device", DEVICE, "--quiet")  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)


class Tensors(OnDevice):
    def setUp(self):
        super().setUp()
        self.train(small_spec())
        generator = np.random.default_rng(2)
        self.images, self.labels = generator.integers(0, 256, (90, 1, 8, 8), np.uint8), generator.integers(0, 4, 90)
        np.savez("set.npz", train_images=self.images, train_labels=self.labels, test_images=self.images, test_labels=self.labels)
        self.tensors = torch.from_numpy(self.images).to(DEVICE), torch.from_numpy(self.labels).to(DEVICE)

    def both(self, job, **more):
        """Results of a job on the file and on the tensors."""
        return [job("r", data=data, **more, **HERE) for data in ("set.npz", self.tensors)]

    def test_jobs_take_tensors_where_they_lie(self):
        for job, more in ((varphase.evaluate, {"samples": 3, "metrics": ["cls"], "resamples": 0}),
                          (varphase.shift, {"samples": 2, "corruptions": ["contrast", "rotation"]}),
                          (varphase.attack, {"epsilon": "8/255", "steps": 2, "samples": 2, "images": 30})):  # fmt: skip
            file, tensors = (json.loads(re.sub(r"memory:\d+", "set.npz", json.dumps(result)), object_hook=numbers_alone)
                             for result in self.both(job, **more))  # fmt: skip
            self.assertEqual(file, tensors)
        maps = []
        for data in ("set.npz", self.tensors):
            shutil.rmtree("r/kappa", ignore_errors=True)
            self.assertEqual(varphase.kappa("r", epoch="last", layer="all", data=data, **HERE)["images"], 90)
            with h5py.File(next(pathlib.Path("r/kappa").rglob("*.h5"))) as kept:
                maps.append({name: group["hessian_diagonal"][:] for name, group in kept["layers"].items()})
        for name, wanted in maps[0].items():
            np.testing.assert_allclose(maps[1][name], wanted, rtol=0, atol=(1e-6 if CUDA else 0) * np.abs(wanted).max())

    def test_predictions_of_tensors_in_any_layout(self):
        for images in (self.images, self.images[:, 0], self.images.transpose(0, 2, 3, 1), self.images / 255):
            for name, given in (("array", images), ("tensor", torch.from_numpy(np.ascontiguousarray(images)).to(DEVICE))):
                varphase.predict("r", given, samples=3, out=f"{name}.csv", batch=40, overwrite=True, **HERE)
            np.save("images.npy", self.images)
            varphase.predict("r", "images.npy", samples=3, out="file.csv", batch=40, overwrite=True, **HERE)
            for name in ("array", "tensor"):
                self.assertEqual(pathlib.Path(f"{name}.csv").read_text(), pathlib.Path("file.csv").read_text())

    @unittest.skipUnless(CUDA, "the memory of a GPU")
    def test_they_are_not_copied_on_the_device(self):
        images = torch.zeros(2_000_000, 1, 8, 8, dtype=torch.uint8, device=DEVICE)  # 128 MB
        labels = torch.arange(len(images), device=DEVICE) % 4
        peaks = []
        for data in ((self.images, self.labels), (images, labels)):
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            varphase.predict("r", data[0], mode="deterministic", batch=1000, out="p.h5", overwrite=True, **HERE)
            peaks.append(torch.cuda.max_memory_allocated() - before)
        self.assertLess(peaks[1] - peaks[0], images.numel() / 4)

    @unittest.skipUnless(CUDA, "streams of a GPU")
    def test_what_a_stream_still_writes_is_waited_for(self):
        wanted = varphase.evaluate("r", samples=2, data=self.tensors, **HERE)["entries"][0]["nll"]
        with torch.cuda.stream(torch.cuda.Stream()):
            torch.cuda._sleep(200_000_000)
            late = self.tensors[0].clone()
            ours = varphase.evaluate("r", samples=2, data=(late, self.tensors[1]), **HERE)["entries"][0]["nll"]
        self.assertEqual(ours, wanted)


class Modules(OnDevice):
    def test_layers_give_what_they_give_on_a_cpu_in_float64(self):
        draw, there = (noise.Draw(noise.Key(11, "evaluation", 0, 2), torch.arange(7, 9, device=device), torch.tensor([3], device=device))
                       for device in ("cpu", DEVICE))  # fmt: skip
        for module, x, asked in cases():
            found = []
            for device, numbers in (("cpu", draw), (DEVICE, there)):
                module.to(device)
                module.draw = numbers
                output, kl = module(x.to(device)), module.kl(step=torch.tensor([5], device=device))
                both = (output.sin().sum(), kl)
                found.append([output, kl, *(gradient for value in both for gradient in gradients(value, module).values())])
            for ours, wanted in zip(found[1], found[0], strict=True):
                self.assertLess(float((ours.cpu() - wanted).detach().abs().max()), 1e-6 * max(1, float(wanted.detach().abs().max())), asked["options"])

    def test_noise_has_the_program_s_bits(self):
        example, member = torch.tensor([0, 3, 2**32 - 1]), torch.tensor([0, 8, 77])
        words = noise.Key(2**64 - 5, "dropout", 700, 255).words()
        from varphase._extension import engine

        theirs = engine().normals(words, example.numpy(), member.numpy(), 20004)
        ours = noise.in_torch(example.to(DEVICE), member.to(DEVICE), words, 5001).cpu().numpy()
        np.testing.assert_array_equal(ours.view(np.int32), theirs.view(np.int32))

    def test_networks_predict_as_the_program_on_that_device(self):
        self.train(SPEC_OF_EVERY_LAYER)
        images = np.random.default_rng(3).integers(0, 256, (9, 8, 8), np.uint8)
        network = varphase.nn.load("r").to(DEVICE)
        for mode in ("ensemble", "deterministic", "stochastic", "zero_mean"):
            varphase.predict("r", images, samples=6, seed=3, mode=mode, out="p.h5", overwrite=True, **HERE)
            with h5py.File("p.h5") as file:
                theirs = file["probability"][:]
            ours = varphase.nn.predict(network, torch.from_numpy(images).to(DEVICE), mode=mode, samples=6, seed=3)
            self.assertEqual(ours.device.type, DEVICE)
            self.assertLess(np.abs(ours.cpu().numpy() - theirs).max(), 1e-6, mode)
        varphase.prune("r", layer="conv2", sparsity=0.6, criterion="magnitude", replace="zero", out="zero.h5", **HERE)
        sparse, dense = (varphase.nn.load("zero.h5", sparse=form).to(DEVICE) for form in (True, False))
        ours, wanted = (varphase.nn.predict(each, torch.from_numpy(images).to(DEVICE)) for each in (sparse, dense))
        self.assertLess(float((ours - wanted).abs().max()), 1e-6)

    def test_kappa_of_a_module_is_its_hessian_s_diagonal(self):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(48, 4)).to(DEVICE)
        images = torch.randint(0, 256, (20, 1, 6, 6), dtype=torch.uint8, device=DEVICE)
        labels = torch.randint(0, 4, (20,), device=DEVICE)
        found = varphase.kappa(network, data=(images, labels), **HERE)
        exact = network.double()
        for name, ours in found.hessian_diagonal.items():
            weight = exact.get_submodule(name).weight
            loss = F.cross_entropy(exact(images.double() / 255), labels, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, weight, create_graph=True)
            flat = gradient.flatten()
            wanted = [torch.autograd.grad(flat[i], weight, retain_graph=True)[0].flatten()[i].item() for i in range(0, flat.numel(), 5)]
            np.testing.assert_allclose(ours.ravel()[::5], wanted, atol=2e-4 * np.abs(wanted).max(), err_msg=name)


class Machinery(unittest.TestCase):
    def test_a_compiled_network_computes_the_same(self):
        network, (x, labels) = small_network().to(DEVICE), (each.to(DEVICE) for each in blobs(32))
        varphase.nn.number_layers(network)
        draw = noise.Draw(noise.Key(5), torch.arange(32, device=DEVICE), torch.tensor([0], device=DEVICE))

        def loss(x, labels):
            return elbo(network, x, labels)

        compiled = torch.compile(loss, fullgraph=True)
        with varphase.nn.drawing(network, draw=draw):
            wanted, ours = loss(x, labels), compiled(x, labels)
            self.assertAlmostEqual(ours.item(), wanted.item(), 5)
            gradient, wanted_gradient = (torch.autograd.grad(value, network[2].mean)[0] for value in (ours, wanted))
            self.assertLess(float((gradient - wanted_gradient).abs().max()), 1e-4 * float(wanted_gradient.abs().max()))

    def test_autocast_samples_in_float32(self):
        for dtype in (torch.bfloat16, torch.float16) if CUDA else (torch.bfloat16,):
            network, (x, _) = small_network().to(DEVICE), blobs(64)
            with torch.autocast(DEVICE, dtype):
                self.assertEqual(network[:3](x.to(DEVICE)).dtype, torch.float32)
            first, last = trained(network, torch.autocast(DEVICE, dtype)(elbo), device=DEVICE)
            self.assertLess(last, first / 2)

    @unittest.skipUnless(CUDA, "nn_test has it on a CPU")
    def test_two_processes_train_one_network(self):
        codes, results = trained_by_two(DEVICE)
        self.assertEqual(codes, [0, 0])
        (first, last, one), (_, _, other) = results
        self.assertLess(last, first)
        for name, values in one.items():
            self.assertTrue(torch.equal(values, other[name]), name)


if __name__ == "__main__":
    assert PROGRAM
    unittest.main()
