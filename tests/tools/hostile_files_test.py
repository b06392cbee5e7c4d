# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Files that nobody vouches for, read by every verb: one clear error, the right exit code, no crash.

    hostile_files_test.py PROGRAM
"""

import hashlib
import json
import pathlib
import shutil
import struct
import tempfile
import unittest

import h5py
import numpy as np
from program import OFFLINE, SMALL, ProgramTest, run
from safetensors.numpy import load_file, save_file

QUICK = [*SMALL, "--epochs", "1"]
TRAILER = 56
DEEP = 100000


def seal(content):
    head = b"VARPHASE" + struct.pack("<IIQ", 1, 0, len(content))
    return content + head + hashlib.sha256(content + head).digest()


def changed(good, path, change, libver=("v110", "v110")):
    """A copy of a sealed file, changed by h5py and sealed anew."""
    path.write_bytes(good.read_bytes()[:-TRAILER])
    with h5py.File(path, "r+", libver=libver) as file:
        change(file)
    path.write_bytes(seal(path.read_bytes()))
    return path


def set_text(file, name, text):
    del file.attrs[name]
    file.attrs.create(name, np.bytes_(text), dtype=h5py.string_dtype("utf-8", len(text.encode())))


def deep(opening="[", closing="]", depth=DEEP):
    return opening * depth + "1" + closing * depth


class HostileFiles(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="varphase-hostile-"))
        cls.run_folder = cls.home / "run"
        for verb in (["train", *QUICK, "--run", cls.run_folder],
                     ["kappa", cls.run_folder, "--epoch", "last", *OFFLINE],
                     ["prune", cls.run_folder, "--sparsity", 0.9, "--out", cls.home / "zero.h5", *OFFLINE],
                     ["prune", cls.run_folder, "--sparsity", 0.9, "--replace", "mean", "--out", cls.home / "mean.h5", *OFFLINE],
                     ["export", cls.run_folder, "--to", "safetensors", "--out", cls.home / "whole.safetensors"]):  # fmt: skip
            done = run(*verb)
            assert done.returncode == 0, f"{verb}: {done.stderr}"
        cls.checkpoint = cls.run_folder / "checkpoints/epoch_0001.h5"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home)

    def fails(self, code, *words, arguments):
        done = super().fails(code, *words, arguments=arguments)
        self.assertLess(len(done.stderr), 3000)
        return done

    def not_whole(self, path, word):
        done = run("check", path)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("damaged", done.stdout)
        self.assertIn(word, done.stdout)

    # --- the form of a file

    def test_one_byte_under_a_right_digest_ends_no_verb(self):
        good = bytearray(self.checkpoint.read_bytes()[:-TRAILER])
        headers = [at for at in range(len(good)) if good[at:at + 4] in (b"OHDR", b"FRHP", b"FHDB")]
        self.assertGreater(len(headers), 10)
        generator = np.random.default_rng(1)
        copy = self.folder / "run"
        shutil.copytree(self.run_folder, copy)
        path = copy / "checkpoints/epoch_0001.h5"
        for number in range(30):
            bad = bytearray(good)
            at = headers[number % len(headers)] + 4 + int(generator.integers(40))
            bad[at] = (bad[at] + int(generator.integers(1, 256))) % 256
            path.write_bytes(seal(bytes(bad)))
            self.fails(3, "epoch_0001.h5", arguments=["inspect", path])
            if number % 10 == 0:
                for verb in (["eval", path], ["export", path, "--to", "safetensors", "--out", copy / "x.safetensors"],
                             ["kappa", copy, "--epoch", "last"], ["prune", copy, "--sparsity", 0.9]):  # fmt: skip
                    self.fails(3, "epoch_0001.h5", arguments=[*verb, *(OFFLINE if verb[0] != "export" else [])])

    # --- JSON

    def test_json_nested_deeper_than_any_of_ours_is_refused_by_every_reader(self):
        spec = self.folder / "deep.json"
        for text in (deep(), deep('{"a":', "}"), '{"network":' + deep() + "}", "[" * DEEP):
            spec.write_text(text)
            flag = "--config" if text.startswith('{"network"') else "--network"
            self.fails(3, "nested deeper", str(spec),
                       arguments=["train", flag, spec, "--data", "synthetic-digits", "--run", self.folder / "r", *OFFLINE])  # fmt: skip
        self.fails(3, "nested deeper", arguments=["import", self.home / "whole.safetensors", "--network", spec,
                                                  "--data", "synthetic-digits", "--out", self.folder / "i.h5"])  # fmt: skip
        self.assertFalse((self.folder / "r").exists())
        copy = self.folder / "run"
        shutil.copytree(self.run_folder, copy)
        for name in ("config.json", "environment.json", "transition.json", "sweeps/x.json", "evaluations/x.json"):
            (copy / name).parent.mkdir(exist_ok=True)
            before = (copy / name).read_bytes() if (copy / name).exists() else None
            (copy / name).write_text('{"rows": ' + deep() + "}")
            done = run("report", copy)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("nested deeper", (copy / "report.html").read_text())
            if name == "config.json":
                self.fails(3, "nested deeper", arguments=["kappa", copy, *OFFLINE])
            (copy / name).unlink() if before is None else (copy / name).write_bytes(before)
        members = self.folder / "members"
        members.mkdir()
        (members / "members.json").write_text(deep())
        self.fails(3, "nested deeper", arguments=["train", "--resume", "--run", members, *OFFLINE])

    def test_json_in_attributes_and_metadata_is_json_too(self):
        bombs = [deep(), '{"network": ' + deep('{"a":', "}") + "}"]
        for text in bombs:
            path = changed(self.checkpoint, self.folder / "deep.h5", lambda file: set_text(file, "config", text), None)
            self.not_whole(path, "nested deeper")
            verb = ["eval", path, *OFFLINE] if text.startswith("[") else ["export", path, "--to", "onnx", "--out", self.folder / "x.onnx"]
            self.fails(3, "nested deeper", arguments=verb)
            for name, attribute in [("zero.h5", "config") if text.startswith("[") else ("mean.h5", "layers")]:
                path = changed(self.home / name, self.folder / name, lambda file: set_text(file, attribute, text))
                self.not_whole(path, "nested deeper")
                self.fails(3, "nested deeper", arguments=["eval", path, *OFFLINE])
                self.assertEqual(run("inspect", path, "--json").returncode, 0)  # as the text that it is
            tensors = load_file(self.home / "whole.safetensors")
            with open(self.home / "whole.safetensors", "rb") as file:
                header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
            for key in ["varphase.metrics"] if text.startswith("[") else ["varphase.config", "varphase.provenance"]:
                save_file(tensors, self.folder / "d.safetensors", {**header["__metadata__"], key: text})
                self.fails(3, "nested deeper",
                           arguments=["import", self.folder / "d.safetensors", "--out", self.folder / "i.h5"])  # fmt: skip
        path = changed(self.run_folder / "kappa/epoch_0001.h5", self.folder / "kappa.h5",
                       lambda file: set_text(file, "making", deep()))  # fmt: skip
        self.not_whole(path, "nested deeper")

    def test_json_of_another_form_is_no_unknown_failure(self):
        spec = self.folder / "x.json"
        for text, flag in (("[]", "--config"), ("[]", "--network"), ("3", "--network"), ('"text"', "--config"), ("null", "--config")):
            spec.write_text(text)
            self.fails(2, arguments=["train", flag, spec, "--data", "synthetic-digits", "--run", self.folder / "r", *OFFLINE])  # fmt: skip
        for layer in ('{"variance_dense": {"out": 3, "prior": 5, "nu": 2}}', '{"conv2d": []}', '{"max_pool": 1e30}', "[]",
                      '{"dense": {"out": 18446744073709551615}}', '{"dropout": "x"}'):  # fmt: skip
            spec.write_text('{"input": [1, 28, 28], "classes": 10, "layers": [' + layer + ', {"dense": {"out": 10}}]}')
            self.fails(2, "layer 1", arguments=["train", "--network", spec, "--data", "synthetic-digits", "--run", self.folder / "r", *OFFLINE])  # fmt: skip
        spec.write_text('{"input": [1, 28, 28], "input": [3, 28, 28], "classes": 10, "layers": []}')
        self.fails(3, "twice", arguments=["train", "--network", spec, "--data", "synthetic-digits", "--run", self.folder / "r", *OFFLINE])  # fmt: skip
        copy = self.folder / "run"
        shutil.copytree(self.run_folder, copy)
        for text in ("[]", "5", '{"train": []}', '{"train": {"epochs": 1e300}}'):
            (copy / "config.json").write_text(text)
            done = run("kappa", copy, *OFFLINE)
            self.assertIn(done.returncode, (2, 3), done.stderr)
            self.assertEqual(run("report", copy).returncode, 0)

    def test_a_page_is_not_many_times_what_it_shows(self):
        copy = self.folder / "run"
        shutil.copytree(self.run_folder, copy)
        usual = run("report", copy)
        self.assertEqual(usual.returncode, 0, usual.stderr)
        most = (copy / "report.html").stat().st_size + 3_000_000
        for settings in ({"a" * 100000: {str(i): 1 for i in range(5000)}}, {str(i): "b" * 1000 for i in range(3000)},
                         json.loads(deep(depth=60).replace("1", ",".join(["1"] * 100000))),
                         {"network": "x" * 1_000_000, "data": {"data": "y" * 1_000_000}}):  # fmt: skip
            for name in ("config.json", "environment.json"):
                (copy / name).write_text(json.dumps({"x": settings} if isinstance(settings, list) else settings))
            done = run("report", copy)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertLess((copy / "report.html").stat().st_size, most)

    # --- numbers

    def test_what_eval_refuses_check_calls_not_whole(self):
        def set_entry(name, at, value):
            def change(file):
                file[name][at] = value

            return change

        faults = [("zero.h5", "layers/{}/indices", 0, 1 << 30, "index"), ("zero.h5", "layers/{}/indices", 0, -1, "index"),
                  ("zero.h5", "layers/{}/indptr", 1, 1 << 30, "indptr"), ("zero.h5", "layers/{}/mean", 0, np.nan, "finite"),
                  ("mean.h5", "layers/{}/mask", 0, 255, "kept"), ("mean.h5", "layers/{}/mean", 0, np.inf, "finite")]  # fmt: skip
        for name, array, at, value, word in faults:
            with h5py.File(self.home / name) as file:
                layer = next(iter(file["layers"]))
            path = changed(self.home / name, self.folder / name, set_entry(array.format(layer), at, value))
            self.not_whole(path, word)
            self.fails(3, word, arguments=["eval", path, *OFFLINE])
        path = changed(self.checkpoint, self.folder / "c.h5", lambda file: set_text(file, "config", '{"train": {"epoch": 3}}'))
        self.not_whole(path, "epoch")
        self.fails(2, "epoch", arguments=["eval", path, *OFFLINE])

    def test_numbers_that_are_none_end_with_5(self):
        with h5py.File(self.checkpoint) as file:
            layer = next(name for name in file["parameters"] if "weight" in file["parameters"][name])
            weight = f"parameters/{layer}/weight"
        norm = self.folder / "norm.json"
        norm.write_text('{"input": [1, 28, 28], "classes": 10, "layers": [{"conv2d": {"out": 4, "kernel": 5}},'
                        ' "batch_norm", "relu", {"max_pool": 4}, {"variance_dense": {"out": 10}}]}')  # fmt: skip
        done = run("train", *QUICK[2:], "--network", norm, "--run", self.folder / "norm")
        self.assertEqual(done.returncode, 0, done.stderr)
        normed = self.folder / "norm/checkpoints/epoch_0001.h5"
        variance = "buffers/batch_norm1/running_var"

        def fill(name, value):
            def change(file):
                file[name][...] = value

            return change

        images = self.folder / "images"
        images.write_bytes(bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (3, 28, 28)) + bytes(i % 256 for i in range(3 * 28 * 28)))
        for good, name, value in ((self.checkpoint, weight, 1e38), (self.checkpoint, weight, np.nan), (self.checkpoint, weight, -np.inf),
                                  (normed, variance, -1.0), (normed, variance, np.nan)):  # fmt: skip
            path = changed(good, self.folder / "bad.h5", fill(name, value))
            self.fails(5, arguments=["eval", path, *OFFLINE])
            if value in (1e38, -1.0):
                self.fails(5, arguments=["predict", path, images, "--out", self.folder / "p.csv", *OFFLINE])
            if value != 1e38:
                self.not_whole(path, "finite" if not np.isfinite(value) else "never negative")
        tensors = self.folder / "norm.safetensors"
        self.assertEqual(run("export", normed, "--to", "safetensors", "--out", tensors).returncode, 0)
        arrays = load_file(tensors)
        arrays["batch_norm1.running_var"] = np.full_like(arrays["batch_norm1.running_var"], -1)
        save_file(arrays, tensors)
        self.fails(5, "batch_norm1.running_var", "never negative",
                   arguments=["import", tensors, "--network", norm, "--data", "synthetic-digits", "--out", self.folder / "i.h5"])  # fmt: skip
        self.assertFalse((self.folder / "i.h5").exists())


if __name__ == "__main__":
    unittest.main()
