# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Images, labels and arguments as Python holds them: what is taken, and what is refused in which words.

    PYTHONPATH=build/python:tests/tools arrays_test.py PROGRAM
"""

import json
import pathlib
import shutil
import subprocess
import sys
import unittest

import h5py
import numpy as np
import pandas as pd
import torch

import varphase
from in_folder import InFolder
from program import idx_folder, run, tiny_spec
from varphase import arrays, errors

CPU = {"device": "cpu", "threads": 1, "progress": False}
torch.set_num_threads(1)


class Data(InFolder):
    def setUp(self):
        super().setUp()
        idx_folder(pathlib.Path("images"))
        pathlib.Path("spec.json").write_text(json.dumps(tiny_spec()))
        generator = np.random.default_rng(2)
        self.images, self.labels = generator.integers(0, 256, (40, 8, 8), np.uint8), generator.integers(0, 4, 40)

    def test_arrays_give_what_their_files_give(self):
        np.savez("set.npz", train_images=self.images, train_labels=self.labels, test_images=self.images, test_labels=self.labels)
        done = run("train", "--network", "spec.json", "--data", "set.npz", "--batch-size", 10, "--epochs", 2, "--run", "file", "--threads", 1,
                   "--device", "cpu", "--quiet")  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        varphase.train("array", network="spec.json", data=(self.images, self.labels), batch_size=10, epochs=2, **CPU)
        one, other = (varphase.Run(name).metrics.drop(columns=["seconds", "images_per_second"]) for name in ("file", "array"))
        self.assertTrue(one.equals(other))
        # The run knows where its images are.
        self.assertEqual(varphase.kappa("array", epoch="last", **CPU)["images"], 40)
        same = [varphase.evaluate("file", data=data, samples=2, **CPU)["entries"][0]["nll"]
                for data in ("set.npz", (torch.from_numpy(self.images), self.labels), (self.images.astype(np.float32) / 255, self.labels))]  # fmt: skip
        self.assertEqual(same[0], same[1])
        self.assertEqual(same[0], same[2])
        varphase.predict("file", self.images, out="a.csv", **CPU)
        np.save("images.npy", self.images)
        varphase.predict("file", "images.npy", out="b.csv", **CPU)
        self.assertEqual(pathlib.Path("a.csv").read_text(), pathlib.Path("b.csv").read_text())
        examples = torch.utils.data.TensorDataset(torch.from_numpy(self.images), torch.from_numpy(self.labels.astype(np.int64)))
        for name, images in (("c", examples), ("d", torch.utils.data.DataLoader(examples, batch_size=7)), ("e", (self.images, self.labels)), ("f", list(self.images))):
            varphase.predict("file", images, out=f"{name}.csv", **CPU)
            self.assertEqual(pathlib.Path(f"{name}.csv").read_text(), pathlib.Path("a.csv").read_text())
        np.savez("other.npz", train_images=255 - self.images, train_labels=self.labels, test_images=255 - self.images, test_labels=self.labels)
        by_array, by_file, by_own = (varphase.evaluate("file", ood=ood, samples=2, resamples=0, **CPU)["metrics"]["columns"]
                                     for ood in (255 - self.images, "other.npz", self.images))  # fmt: skip
        self.assertEqual(by_array, by_file)
        self.assertNotEqual(by_array, by_own)
        parts = {"train": (self.images, self.labels), "test": (self.images[:7], self.labels[:7])}
        result = varphase.evaluate("file", data=parts, samples=2, **CPU)
        self.assertEqual(result["entries"][0]["images"], 7)
        with self.assertRaisesRegex(errors.UsageError, "array-images"):
            varphase.train("array", network="spec.json", data=(self.images, self.labels), **CPU)

    def test_a_refused_training_keeps_the_images_that_were_there(self):
        given = {"network": "spec.json", "data": (self.images, self.labels), "batch_size": 10, **CPU}
        with self.assertRaises(errors.VarphaseError):
            varphase.train("r", epochs=-1, **given)
        self.assertFalse([path for path in pathlib.Path().iterdir() if "r-images" in path.name])
        varphase.train("r", epochs=1, **given)
        there = {path.name: path.read_bytes() for path in pathlib.Path("r-images").iterdir()}
        for wrong in ({"epochs": -1}, {"data": (self.images[::-1].copy(), self.labels), "epochs": -1}, {"data": (self.images, self.labels[:3])}):
            with self.assertRaises(errors.VarphaseError):
                varphase.train("r", overwrite=True, **{**given, **wrong})
        self.assertEqual({path.name: path.read_bytes() for path in pathlib.Path("r-images").iterdir()}, there)
        varphase.train("r", overwrite=True, epochs=1, **{**given, "data": (self.images[::-1].copy(), self.labels)})
        self.assertEqual(np.load("r-images/train_images.npy").tobytes(), self.images[::-1].tobytes())

    def test_floats_between_bytes_stay_what_they_are(self):
        varphase.train("r", network="spec.json", data="images", batch_size=50, epochs=1, **CPU)
        blurred = ((self.images[:, None] / 255 + np.roll(self.images[:, None], 1, 3) / 255) / 2).astype(np.float32)
        varphase.predict("r", blurred, out="p.h5", mode="deterministic", **CPU)
        with h5py.File("p.h5") as file:
            ours = file["probability"][:]
        with torch.no_grad(), varphase.nn.drawing(varphase.Run("r").network(), "mean") as network:
            wanted = network(torch.from_numpy(blurred)).softmax(1).numpy()
        self.assertLess(np.abs(ours - wanted).max(), 1e-6)
        result = varphase.evaluate("r", data=(blurred, self.labels), samples=2, **CPU)["entries"][0]
        self.assertAlmostEqual(result["accuracy"]["deterministic"], float((wanted.argmax(1) == self.labels).mean()), 6)

    def test_finetune_reads_arrays_as_they_are_whatever_the_run_s_were(self):
        blurred = ((self.images / 255 + np.roll(self.images, 1, 2) / 255) / 2).astype(np.float32)
        kinds = {"bytes": self.images, "floats": blurred}
        for name, images in kinds.items():
            varphase.train(name, network="spec.json", data=(images, self.labels), batch_size=10, epochs=1, **CPU)
            varphase.prune(name, sparsity=0.5, replace="zero", out=f"{name}.h5", **CPU)
            for other, others in kinds.items():
                run = f"{name}-{other}"
                varphase.finetune(f"{name}.h5", run=run, data=(others, self.labels), set={"train.epochs": 1}, **CPU)
                again = [varphase.evaluate(run, samples=2, **more, **CPU)["entries"][0]["nll"] for more in ({}, {"data": (others, self.labels)})]
                self.assertEqual(again[0], again[1])

    def test_labels_are_classes(self):
        for labels in (self.labels.astype(np.float32), self.labels.astype(np.uint8)[:, None], torch.from_numpy(self.labels).half()):
            self.assertTrue(torch.equal(arrays.labelled((self.images, labels))[1], torch.from_numpy(self.labels)))
        for wrong in (0.5, np.nan, np.inf):
            labels = self.labels.astype(np.float64)
            labels[7] = wrong
            with self.assertRaisesRegex(errors.UsageError, f"float64, {wrong:g} among them"):
                arrays.labelled((self.images, labels))
            with self.assertRaisesRegex(errors.UsageError, "want classes"):
                varphase.train("r", network="spec.json", data=[(self.images, labels)], **CPU)
        with self.assertRaisesRegex(errors.UsageError, "complex64"):
            arrays.labelled((self.images, torch.zeros(40, dtype=torch.complex64)))

    def test_an_array_of_a_type_that_is_not_known_stays_its_owner_s(self):
        import ctypes

        from torch.utils.dlpack import to_dlpack

        from varphase._extension import engine

        is_valid, get = ctypes.pythonapi.PyCapsule_IsValid, ctypes.pythonapi.PyCapsule_GetPointer
        is_valid.argtypes = get.argtypes = [ctypes.py_object, ctypes.c_char_p]
        get.restype = ctypes.c_void_p
        capsule = to_dlpack(torch.zeros(3))
        ctypes.c_uint8.from_address(get(capsule, b"dltensor") + 20).value = 77  # DLTensor.dtype.code
        with self.assertRaisesRegex(BufferError, "code 77"):
            engine().hold([("images", capsule, "")])
        self.assertTrue(is_valid(capsule, b"dltensor"), "the capsule no longer frees its tensor")

    def test_two_batches_are_no_pair(self):
        whole = arrays.labelled((self.images, self.labels))
        halves = [tuple(map(torch.from_numpy, (self.images[part], self.labels[part]))) for part in (slice(0, 25), slice(25, 40))]
        for ours, wanted in zip(arrays.labelled(halves), whole, strict=True):
            self.assertTrue(torch.equal(ours, wanted))

    def test_what_are_no_images_is_said(self):
        images, labels, real = self.images, self.labels, self.images / 255
        pairs = [(images[:10], labels[:10]), (images[10:, :7], labels[10:])]
        bad = {
            errors.ShapeError: [(images[0], labels), (images, labels[:3]), (images.reshape(40, 64), labels), (images, np.eye(4)[labels]), pairs,
                                ([[1], [1, 2]], labels)],
            errors.UsageError: [(real - 0.5, labels), {"test": 1}, {"train": (images, labels), "test": (images,)}, [], 5, {1, 2}, images, None,
                                pd.DataFrame(images.reshape(40, 64)), (images[i : i + 1] for i in range(3)), ((images[i],) for i in range(3)),
                                (images.astype(np.int32), labels), (images.astype(np.uint16), labels), (images.astype(complex), labels),
                                (images.astype(object), labels), (images, labels.astype(str)), (real.astype(np.longdouble), labels),
                                (np.full((40, 8, 8), np.nan), labels), (torch.from_numpy(images).to_sparse(), labels),
                                (torch.empty(40, 8, 8, device="meta"), labels), (torch.quantize_per_tensor(torch.rand(40, 8, 8), 0.1, 0, torch.quint8), labels),
                                "a\0b", b"a\0b"],
        }  # fmt: skip
        varphase.train("r", network="spec.json", data="images", batch_size=50, epochs=1, **CPU)
        for kind, sets in bad.items():
            for number, data in enumerate(sets):
                with self.subTest(kind=kind, number=number), self.assertRaises(kind) as caught:
                    varphase.evaluate("r", data=data, **CPU) if data is not None else arrays.labelled(data)
                self.assertNotIsInstance(caught.exception.__cause__, AttributeError)
        with self.assertRaises(ZeroDivisionError):
            varphase.evaluate("r", data=(1 / 0 for _ in range(3)), **CPU)
        for images_of, words in ((3, "int: wants"), ([images[0], images[1, :5]], "several shapes do not go together"), ({"images": images}, "dict: wants"),
                                 (["x.png", images[0]], "images"), (None, "wants an image"), (np.array(["a"]), "plain numbers")):  # fmt: skip
            with self.subTest(words), self.assertRaisesRegex(varphase.VarphaseError, words):
                varphase.predict("r", images_of, out="p.csv", **CPU)
        self.assertEqual(varphase.predict("r", (image for image in images), out="generated.csv", **CPU)["predicted"], 40)

    def test_arguments_of_other_types(self):
        given = {"network": "spec.json", "data": "images", **CPU, "set": None, "run": "r", "listener": None, "overwrite": True, "device": torch.device("cpu")}
        last = varphase.train(**given, epochs=np.int64(2), batch_size=torch.tensor(50), learning_rate=np.float32(0.001))["last"]
        self.assertEqual(last["epoch"], 2)
        self.assertEqual(len(varphase.evaluate(["r", pathlib.Path("r"), b"r", varphase.Run("r")], samples=2, ood=None, **CPU)["entries"]), 4)
        for call, words in ((lambda: varphase.train(**given, epochs=1.5), "whole number"), (lambda: varphase.train(**given, learning_rate=float("nan")), "wants a number"),
                            (lambda: varphase.train(**{**given, "set": object()}), "wants a text"), (lambda: varphase.train(**given, epochs={1}), "wants a number"),
                            (lambda: varphase.sweep("r", sparsities="half", **CPU), "wants numbers"), (lambda: varphase.sweep("r", sparsities=[None], **CPU), "wants numbers"),
                            (lambda: varphase.evaluate(None, **CPU), "."), (lambda: varphase.evaluate("r", seed=-1, **CPU), "out of range"),
                            (lambda: varphase.evaluate("r", listener=object()), "derived from varphase.Listener"),
                            (lambda: varphase.evaluate("r", listener=varphase.Listener), "derived from varphase.Listener"),
                            (lambda: varphase.kappa(torch.nn.ReLU(), data=(self.images, self.labels)), "no weights"),
                            (lambda: varphase.nn.load("spec.json"), "no file of Varphase"),
                            (lambda: varphase.predict("r", self.images, **CPU), "wants the file"),
                            (lambda: varphase.predict("r", self.images, out="-", **CPU), "no stdout"),
                            (lambda: varphase.nn.load("r@last"), "RUN@EPOCH"), (lambda: varphase.TensorBoard(object()), "add_scalar"),
                            (lambda: varphase.from_module(lambda x: x, self.images[:, None]), "torch.nn.Module"),
                            (lambda: varphase.from_module(torch.nn.Linear(4, 4, device="meta"), torch.zeros(2, 4)), "without values"),
                            (lambda: varphase.from_exported(torch.nn.ReLU()), "from_module takes modules")):  # fmt: skip
            with self.subTest(words), self.assertRaisesRegex(varphase.VarphaseError, words):
                call()
        with self.assertRaisesRegex(errors.FileError, "images cannot be kept there"):
            varphase.train("spec.json/r", network="spec.json", data=(self.images, self.labels), **CPU)
        network = varphase.nn.load("r")
        for wrong in ({"samples": 0}, {"split": "all"}, {"seed": -1}, {"mode": "mean"}, {"images": self.images[:0]}):
            with self.subTest(wrong), self.assertRaises(ValueError):
                varphase.nn.predict(network, **{"images": self.images, **wrong})
        self.assertEqual(varphase.nn.predict(network, self.images[:, None] / 255).shape, (40, 4))
        there = varphase.Run("r")
        self.assertEqual(there.checkpoint(1.0), there.checkpoint(1))
        whole = pathlib.Path(there.checkpoint()).read_bytes()
        for damaged, words in ((whole[:-9], "its end is lost"), (whole[:3000], "its end is lost"),
                               (whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], "SHA-256")):  # fmt: skip
            pathlib.Path("damaged.h5").write_bytes(damaged)
            with self.assertRaisesRegex(errors.FormatError, words):
                varphase.nn.load("damaged.h5")
        shutil.rmtree("r")
        for look in (lambda: there.metrics, there._repr_html_, there.checkpoint):
            with self.assertRaises(errors.FileError):
                look()

    def test_a_process_without_streams_works(self):
        for streams, progress in (("sys.stdout = sys.stderr = None", True), ("os.close(1); os.close(2)", None)):
            code = f"import os, sys, varphase\n{streams}\nvarphase.train('r', network='spec.json', data='images', batch_size=50, epochs=1, device='cpu', threads=1, overwrite=True, progress={progress})"
            self.assertEqual(subprocess.run([sys.executable, "-c", code], capture_output=True).returncode, 0, streams)


if __name__ == "__main__":
    unittest.main()
