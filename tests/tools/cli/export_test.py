# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""export and import as others meet them: every block of docs/export.md in turn, PyTorch's networks, onnxruntime's numbers.

    export_test.py PROGRAM
"""

import copy
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

import h5py
import numpy as np
import onnxruntime
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from torch import nn

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
PAGE = pathlib.Path(__file__).parents[3] / "docs/export.md"
OFFLINE = ["--threads", "1", "--device", "cpu", "--quiet"]
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="varphase-export-"))
ENVIRONMENT = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "VARPHASE_DATA": str(FOLDER / "data")}


def drawn_digits(count, seed):
    """Ten blurred shapes under noise: uint8 [count, 28, 28] and labels."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    shapes = np.kron(np.random.default_rng(0).random((10, 7, 7)), np.ones((4, 4)))
    images = 180 * shapes[labels] + 70 * generator.random((count, 28, 28))
    return images.astype(np.uint8), labels.astype(np.uint8)


def write_idx(folder):
    folder.mkdir(parents=True)
    for part, count, seed in (("train", 600, 1), ("t10k", 200, 2)):
        images, labels = drawn_digits(count, seed)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 2051, *images.shape) + images.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 2049, count) + labels.tobytes())


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=600, cwd=FOLDER,
                          env=ENVIRONMENT)  # fmt: skip


def setUpModule():
    os.chdir(FOLDER)
    sys.path.insert(0, str(FOLDER))  # as in a Python that is started there
    write_idx(FOLDER / "data/fashion-mnist")
    for verb in (["train", "--preset", "quickstart", "--train-limit", 0, "--epochs", 2, "--run", "runs/first"],
                 ["prune", "runs/first", "--sparsity", 0.95, "--repair", "batch-norm", "--out", "runs/first/pruned/95.h5"],
                 ["prune", "runs/first", "--sparsity", 0.5, "--replace", "mean", "--out", "runs/first/pruned/mean.h5"]):  # fmt: skip
        done = run(*verb, *OFFLINE)
        assert done.returncode == 0, done.stderr


def tearDownModule():
    os.chdir("/")
    shutil.rmtree(FOLDER)


def blocks():
    """(language, text, line) of each code block of the page."""
    text = PAGE.read_text()
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], found[2], text.count("\n", 0, found.start()) + 1


def page_block(word):
    """What the python block with that word in it defines."""
    names = {}
    exec(next(text for language, text, _ in blocks() if language == "python" and word in text), names)
    return names


def test_images():
    return (drawn_digits(200, 2)[0].astype(np.float32) / 255)[:, None], drawn_digits(200, 2)[1].astype(int)


def log_softmax(logits):
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def arrays(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.__setitem__(name, (item.shape, item.attrs["dims"], item[()].tobytes()))
                        if isinstance(item, h5py.Dataset) else None)  # fmt: skip
    return found


class Export(unittest.TestCase):
    def succeeds(self, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def fails(self, code, *words, arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def evaluated(self, path, *more):
        return json.loads(self.succeeds("eval", path, "--json", *more, *OFFLINE))["entries"][0]

    def exported(self, source, *arguments, name):
        self.succeeds("export", source, *arguments, "--out", FOLDER / name, "--overwrite")
        return FOLDER / name

    def scores(self, path, labels, members=1, noise=None):
        """Mean NLL and accuracy of a graph on the test images; the ensemble's where there are several members."""
        session = onnxruntime.InferenceSession(path)
        images, log_p = test_images()[0], []
        for member in range(members):
            inputs = {"images": images} | ({"dense1.noise": noise(member)} if noise else {})
            log_p.append(log_softmax(session.run(["logits"], inputs)[0]))
        log_p = np.logaddexp.reduce(log_p, axis=0) - np.log(members)
        return -log_p[np.arange(len(labels)), labels].mean(), (log_p.argmax(1) == labels).mean()

    def test_1_every_block_of_the_page_runs(self):
        languages = set()
        for language, text, line in blocks():
            languages.add(language)
            with self.subTest(line=line, language=language):
                if language == "sh":
                    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], capture_output=True, text=True, env=ENVIRONMENT)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                elif language == "python":
                    names = {}
                    exec(compile(text, f"{PAGE.name}:{line}", "exec"), names)
                    if "probabilities" in names:
                        self.assertEqual(names["probabilities"].shape, (8, 10))
                        self.assertLess(abs(np.asarray(names["probabilities"]).sum(1) - 1).max(), 1e-5)
                else:
                    (FOLDER / "cnn.json").write_text(json.dumps(json.loads(text)))
        self.assertEqual(languages, {"sh", "python", "json"})
        first, again = (arrays(f"runs/{name}/checkpoints/epoch_0000.h5") for name in ("cnn", "again"))
        self.assertEqual(first, again)

    def test_onnxruntime_predicts_what_eval_says(self):
        labels = test_images()[1]
        noise = page_block("def philox")["noise"]
        drawn = lambda member: noise(images=range(200), units=500, layer=8, member=member)
        for source in ("runs/first", "runs/first/pruned/95.h5", "runs/first/pruned/mean.h5"):
            with self.subTest(source=source):
                wanted = self.evaluated(source, "--samples", 3)
                for mode, estimator, members in (("ensemble", "ensemble", 3), ("ensemble", "stochastic", 1),
                                                 ("deterministic", "deterministic", 1), ("zero-mean", "zero_mean", 3)):  # fmt: skip
                    graph = self.exported(source, "--to", "onnx", "--mode", mode, name="graph.onnx")
                    nll, accuracy = self.scores(graph, labels, members, None if mode == "deterministic" else drawn)
                    self.assertLess(abs(nll / wanted["nll"][estimator] - 1), 1e-5, (mode, estimator))
                    self.assertEqual(accuracy, wanted["accuracy"][estimator])

    def test_a_graph_without_its_noise_says_so(self):
        graph = self.exported("runs/first", "--to", "onnx", name="graph.onnx")
        said = re.search(r"no zero but an error: `(.*)`", PAGE.read_text())[1].rstrip(".")
        with self.assertRaises(ValueError) as caught:
            onnxruntime.InferenceSession(graph).run(None, {"images": test_images()[0]})
        self.assertIn(said, str(caught.exception))

    def test_there_and_back_bit_for_bit(self):
        last = FOLDER / "runs/first/checkpoints/epoch_0002.h5"
        file = self.exported("runs/first", "--to", "safetensors", name="a.safetensors")
        self.succeeds("import", file, "--run", "runs/back", "--overwrite")
        wanted = {name: value for name, value in arrays(last).items() if not name.startswith("optimizer/")}
        self.assertEqual(arrays("runs/back/checkpoints/epoch_0002.h5"), wanted)
        self.assertEqual(self.evaluated("runs/back", "--samples", 3)["nll"], self.evaluated("runs/first", "--samples", 3)["nll"])
        self.assertEqual(json.loads((FOLDER / "runs/back/config.json").read_text()),
                         json.loads((FOLDER / "runs/first/config.json").read_text()))  # fmt: skip
        self.succeeds("prune", "runs/back", "--sparsity", 0.5, "--out", "runs/back/pruned/50.h5", *OFFLINE)
        for pruned in ("95", "mean"):
            for form in ("dense", "csr"):
                source = FOLDER / f"runs/first/pruned/{pruned}.h5"
                file = self.exported(source, "--to", "safetensors", "--form", form, name="b.safetensors")
                self.succeeds("import", file, "--out", "back.h5", "--overwrite")
                self.assertEqual(arrays("back.h5"), arrays(source))
                with h5py.File("back.h5") as back, h5py.File(source) as was:
                    self.assertEqual({*back.attrs} - {*was.attrs}, {"provenance.imported"})
                    for name in was.attrs:
                        self.assertEqual(back.attrs[name], was.attrs[name], name)
        # What others read there: the sparse tensors are the dense ones.
        with safe_open(file, "np") as csr, h5py.File(FOLDER / "runs/first/pruned/mean.h5") as pruned:
            layer, means = pruned["layers/dense1"], csr.get_tensor("dense1.mean").ravel()
            kept = np.unpackbits(layer["mask"][:], count=means.size, bitorder="little") == 1
            variances = layer["alpha"][0] * means[kept] ** 2
            self.assertEqual(csr.get_tensor("dense1.variance_values").tobytes(), variances.tobytes())
            self.assertEqual(json.loads(csr.metadata()["varphase.layers"])[0]["kept"], csr.get_tensor("dense1.col_indices").size)

    def test_a_network_that_pytorch_trained(self):
        torch.manual_seed(3)
        network = nn.Sequential()
        network.add_module("stem", nn.Sequential(nn.Conv2d(1, 6, 3, stride=2), nn.BatchNorm2d(6), nn.ReLU()))
        network.add_module("body", nn.Sequential(nn.Conv2d(6, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.Tanh(), nn.MaxPool2d(2)))
        network.add_module("head", nn.Sequential(nn.Flatten(), nn.Linear(12 * 6 * 6, 20), nn.Softplus(), nn.Linear(20, 10)))
        images, labels = drawn_digits(600, 1)
        images, labels = torch.from_numpy(images / np.float32(255))[:, None], torch.from_numpy(labels.astype(int))
        optimizer = torch.optim.SGD(network.parameters(), 0.1)
        for batch in range(12):
            part = slice(50 * batch, 50 * batch + 50)
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images[part]), labels[part]).backward()
            optimizer.step()
        network.eval()
        state = {name: value.numpy() for name, value in network.state_dict().items()}
        save_file(state, "theirs.safetensors")
        np.savez("theirs.npz", **state)
        spec = {"input": [1, 28, 28], "classes": 10,
                "layers": [{"conv2d": {"out": 6, "kernel": 3, "stride": 2}}, "batch_norm", "relu",
                           {"conv2d": {"out": 12, "kernel": 3, "padding": 1, "bias": False}}, "batch_norm", "tanh", {"max_pool": 2},
                           {"dense": {"out": 20}}, "softplus", {"dense": {"out": 10}}]}  # fmt: skip
        pathlib.Path("theirs.json").write_text(json.dumps(spec))
        tests, classes = test_images()
        with torch.no_grad():
            wanted = network(torch.from_numpy(tests)).numpy()
        log_p = log_softmax(wanted)
        for file in ("theirs.safetensors", "theirs.npz"):
            said = self.succeeds("import", file, "--network", "theirs.json", "--data", "fashion-mnist", "--run", "runs/theirs", "--overwrite")
            for pair in ("stem.0 is conv1", "stem.1 is batch_norm1", "body.0 is conv2", "head.1 is dense1", "head.3 is dense2"):
                self.assertIn(pair, said)
            graph = self.exported("runs/theirs", "--to", "onnx", name="theirs.onnx")
            got = onnxruntime.InferenceSession(graph).run(None, {"images": tests})[0]
            self.assertLess(np.abs(got - wanted).max(), 1e-5 * np.abs(wanted).max())
            own = self.evaluated("runs/theirs", "--samples", 1)
            self.assertLess(abs(own["nll"]["deterministic"] / -log_p[np.arange(200), classes].mean() - 1), 1e-5)
            self.assertEqual(own["accuracy"]["deterministic"], (log_p.argmax(1) == classes).mean())
            back = load_file(self.exported("runs/theirs", "--to", "safetensors", name="theirs_again.safetensors"))
            names = {"conv1": "stem.0", "batch_norm1": "stem.1", "conv2": "body.0", "batch_norm2": "body.1",
                     "dense1": "head.1", "dense2": "head.3"}  # fmt: skip
            for name, value in back.items():
                layer, leaf = name.rsplit(".", 1)
                if leaf != "num_batches_tracked":
                    self.assertEqual(value.tobytes(), state[f"{names[layer]}.{leaf}"].tobytes(), name)

        # Its curvature: the diagonal of the Hessian as PyTorch has it in float64, entry by entry.
        self.succeeds("kappa", "runs/theirs", "--layer", "all", "--split", "test", *OFFLINE)
        twin = copy.deepcopy(network).double()
        loss = nn.functional.cross_entropy(twin(torch.from_numpy(tests).double()), torch.from_numpy(classes), reduction="sum")
        with h5py.File("runs/theirs/kappa/split-test/epoch_0000_all.h5") as file:
            for layer, module in (("conv1", "stem.0"), ("conv2", "body.0"), ("dense1", "head.1"), ("dense2", "head.3")):
                got = file[f"layers/{layer}/hessian_diagonal"][:]
                weight = twin.get_submodule(module).weight
                gradient = torch.autograd.grad(loss, weight, create_graph=True)[0].flatten()
                for entry in np.random.default_rng(4).integers(0, got.size, 12):
                    exact = torch.autograd.grad(gradient[int(entry)], weight, retain_graph=True)[0].flatten()[int(entry)].item()
                    self.assertLess(abs(got.flat[entry] - exact), 1e-4 * np.abs(got).max(), (layer, entry))

        # Normalized input: what the graph does inside is what PyTorch was given.
        self.succeeds("import", "theirs.npz", "--network", "theirs.json", "--data", "fashion-mnist", "--normalize", "standard",
                      "--run", "runs/normal", "--overwrite")  # fmt: skip
        data = json.loads(pathlib.Path("runs/normal/config.json").read_text())["data"]
        pixels = drawn_digits(600, 1)[0] / 255
        self.assertLess(abs(data["pixel_mean"][0] - pixels.mean()) + abs(data["pixel_std"][0] - pixels.std()), 1e-6)
        graph = self.exported("runs/normal", "--to", "onnx", name="normal.onnx")
        with torch.no_grad():
            wanted = network(torch.from_numpy((tests - np.float32(pixels.mean())) / np.float32(pixels.std()))).numpy()
        got = onnxruntime.InferenceSession(graph).run(None, {"images": tests})[0]
        self.assertLess(np.abs(got - wanted).max(), 2e-5 * np.abs(wanted).max())

    def test_bad_input_says_what_and_has_its_exit_code(self):
        there = self.exported("runs/first", "--to", "safetensors", name="there.safetensors")
        before = there.read_bytes()
        self.fails(2, "there.safetensors", "--overwrite", arguments=["export", "runs/first", "--to", "safetensors", "--out", there])
        self.assertEqual(before, there.read_bytes())
        self.fails(2, "is a folder", arguments=["export", "runs/first", "--to", "onnx", "--out", "runs"])
        self.fails(3, "folder", arguments=["export", "runs/first", "--to", "onnx", "--out", there / "below/x.onnx"])
        self.fails(2, "hdf5-csr", arguments=["export", "runs/first", "--to", "hdf5-csr"])
        self.fails(2, "did you mean 'ensemble'", arguments=["export", "runs/first", "--to", "onnx", "--mode", "ensembl", "--out", "x"])
        self.fails(2, "--mode ensemble", arguments=["export", "runs/first", "--to", "onnx", "--form", "ensemble", "--out", "x"])
        self.fails(2, "--mode", arguments=["export", "runs/first", "--to", "onnx", "--form", "csr", "--out", "x"])
        self.fails(2, "--to onnx", arguments=["export", "runs/first", "--to", "safetensors", "--mode", "head", "--out", "x"])
        self.fails(2, "csr", "checkpoint", arguments=["export", "runs/first", "--to", "safetensors", "--form", "csr", "--out", "x"])
        self.fails(2, "--form csr", arguments=["export", "runs/first/pruned/95.h5", "--to", "pytorch", "--form", "csr", "--out", "x"])
        self.fails(2, "--to onnx", arguments=["export", "runs/first", "--to", "pytorch", "--mode", "head", "--out", "x"])
        self.fails(3, "no/run", arguments=["export", "no/run", "--to", "onnx"])
        self.fails(3, "cannot be opened", arguments=["import", "no.safetensors", "--preset", "quickstart", "--run", "runs/x"])
        data = ["--network", "spec.json", "--data", "fashion-mnist", "--run", "runs/x"]
        spec = {"input": [1, 28, 28], "classes": 10, "layers": [{"dense": {"out": 20}}, "relu", {"dense": {"out": 20}}, "relu", {"dense": {"out": 10}}]}
        pathlib.Path("spec.json").write_text(json.dumps(spec))
        layers = {"in.weight": (20, 784), "in.bias": (20,), "mid.weight": (20, 20), "mid.bias": (20,), "out.weight": (10, 20), "out.bias": (10,)}
        good = {name: np.full(shape, 0.01, np.float32) for name, shape in layers.items()}

        def refused(code, *words, tensors=good, arguments=data):
            save_file(tensors, "bad.safetensors")
            self.fails(code, "bad.safetensors", *words, arguments=["import", "bad.safetensors", *arguments])
            self.assertFalse((FOLDER / "runs/x").exists())

        refused(2, "out.bias [10] is missing", "dense3", tensors={n: v for n, v in good.items() if n != "out.bias"})
        refused(2, "mid.biases [20] has no place in dense2", "'bias'", tensors=good | {"mid.biases": good["mid.bias"]})
        refused(2, "in [21, 784]", "dense1 [20, 784]", tensors=good | {"in.weight": np.zeros((21, 784), np.float32)})
        refused(2, "more [3, 3]", tensors=good | {"more.weight": np.zeros((3, 3), np.float32)})
        refused(5, "in.bias", tensors=good | {"in.bias": np.full(20, np.nan, np.float32)})
        refused(2, "--network", "quickstart", arguments=["--run", "runs/x"])
        spec["layers"][0:0] = [{"dense": {"out": 20}}, "relu"]
        pathlib.Path("spec.json").write_text(json.dumps(spec))
        unordered = good | {"left.weight": good["mid.weight"], "left.bias": good["mid.bias"]}
        refused(2, "left [20, 20], mid [20, 20]", "dense2 [20, 20], dense3 [20, 20]", "--map", tensors=unordered)
        pathlib.Path("names.json").write_text(json.dumps({"left": "dense9"}))
        self.fails(2, "dense9", arguments=["import", "bad.safetensors", *data, "--map", "names.json"])
        pathlib.Path("names.json").write_text(json.dumps({"left": "dense2"}))
        self.succeeds("import", "bad.safetensors", *data, "--map", "names.json")
        self.fails(2, "something already", arguments=["import", "bad.safetensors", *data, "--map", "names.json"])
        shutil.rmtree(FOLDER / "runs/x")

        whole = pathlib.Path("bad.safetensors").read_bytes()
        pathlib.Path("cut.safetensors").write_bytes(whole[:-4])
        self.fails(3, "cut.safetensors", "truncated", arguments=["import", "cut.safetensors", *data])
        pathlib.Path("huge.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + whole[8:])
        self.fails(3, "header", arguments=["import", "huge.safetensors", *data])
        torch.save({"in.weight": torch.zeros(1)}, "weights.pt")
        self.fails(3, "save_file(model.state_dict()", arguments=["import", "weights.pt", *data])
        with zipfile.ZipFile("net.pt2", "w") as archive:
            archive.writestr("net/archive_format", "pt2")
        self.fails(3, "torch.export", "varphase.import_", arguments=["import", "net.pt2", *data])
        self.fails(3, "HDF5", arguments=["import", "runs/first/checkpoints/epoch_0002.h5", *data])


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    torch.set_num_threads(1)
    unittest.main()
