# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Names are bytes: of data, runs, networks, images and classes. Whatever they hold, verbs take them, files stay UTF-8 and
give the bytes back, and no control character reaches a terminal.

    names_test.py PROGRAM
"""

import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import h5py
import numpy as np
from program import OFFLINE, PROGRAM, SMALL, ProgramTest, idx, png, run

# Latin-1, an escape sequence that clears the screen, a newline, C1's CSI, a formula, HTML, what looks escaped already.
NAMES = [b"caf\xe9", b"\x1b[2Jred", b"two\nlines", b"\xc2\x9b31m", b"=1+1", b"<b>&amp;\"'", b"back\\x41slash", "naïve 😀".encode()]
# The same in few words, for what takes long.
FEW = [b"\xe9\x1b[2J\n\xc2\x9b", b"=<b>&amp;\"' \\x41"]


def bytes_of(text):
    """What docs/files.md says of names as text."""
    pieces = re.split(r"(\\\\|\\x[0-9A-F]{2})", text)
    return b"".join(b"\\" if p == "\\\\" else bytes.fromhex(p[2:]) if re.fullmatch(r"\\x[0-9A-F]{2}", p) else p.encode()
                    for p in pieces)  # fmt: skip


def join(folder, *parts):
    return os.path.join(os.fsencode(folder), *parts)


class Names(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-names-"))
        self.addCleanup(shutil.rmtree, os.fsencode(self.folder))
        self.network = {"input": [1, 8, 8], "classes": 2, "layers": [{"dense": {"out": 8}}, "relu", {"variance_dense": {"out": 2}}]}

    def does(self, *arguments, code=0):
        """Runs, and looks at all that it prints."""
        words = [a if isinstance(a, bytes) else str(a).encode() for a in arguments]
        done = subprocess.run([PROGRAM, *words], capture_output=True, timeout=120, cwd=self.folder,
                              env=os.environ | {"VARPHASE_CACHE": str(self.folder / "cache")})  # fmt: skip
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        for stream in (done.stdout, done.stderr):
            text = stream.decode()  # UTF-8
            self.assertIsNone(re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), (arguments, text))
        return done.stdout.decode()

    def images(self, folder, classes):
        """An image folder of two classes."""
        generator = np.random.default_rng(1)
        for part, count in ((b"train", 6), (b"test", 3)):
            for name in classes:
                os.makedirs(join(folder, part, name))
                for i in range(count):
                    png(pathlib.Path(os.fsdecode(join(folder, part, name, b"%d.png" % i))), generator.integers(0, 255, (8, 8)))

    def all_are_text(self, folder):
        """Every file of a run that others read."""
        for place, _, names in os.walk(os.fsencode(folder)):
            for name in names:
                path = os.path.join(place, name)
                if name.endswith((b".json", b".csv", b".txt", b".html")):
                    with open(path, "rb") as file:
                        text = file.read().decode()
                    if not name.endswith(b".html"):  # its scripts have some
                        self.assertIsNone(re.search("[\x00-\x08\x0b-\x1f\x7f]", text), path)
                    if name.endswith(b".json"):
                        json.loads(text)
                if name.endswith(b".h5"):
                    with h5py.File(os.fsdecode(path)) as file:
                        for value in file.attrs.values():
                            if isinstance(value, bytes):
                                value.decode()

    def test_a_run_of_such_names_from_its_data_to_its_page(self):
        for k, name in enumerate(FEW):
            with self.subTest(name=name):
                data, run, network, config = name + b"-data", name + b"-run", name + b".json", name + b"-config.json"
                self.images(join(self.folder, data), [name, b"other"])
                with open(join(self.folder, network), "w") as file:
                    json.dump(self.network, file)
                train = ["--epochs", 1, "--batch-size", 6, "--keep-optimizer", 9, *OFFLINE]
                self.does("train", "--network", network, "--data", data, "--run", run, *train)
                with open(join(self.folder, run, b"config.json")) as file:
                    self.assertEqual(bytes_of(json.load(file)["data"]["data"]), data)
                with open(join(self.folder, run, b"environment.json")) as file:
                    self.assertIn(data, bytes_of(json.load(file)["command"]))
                os.rename(join(self.folder, run, b"checkpoints/epoch_0001.h5"), join(self.folder, b"away.h5"))
                self.does("train", "--resume", "--run", run, *OFFLINE)  # reads the name out of config.json
                self.does("kappa", run, *OFFLINE)
                self.does("kappa", run, "--epoch", "last", "--data", data, "--json", *OFFLINE)
                self.does("transition", run)
                self.does("sweep", run, "--samples", 2, "--sparsities", "0.5", *OFFLINE)
                pruned = join(run, b"pruned", name + b".h5")
                self.does("prune", run, "--sparsity", "0.5", "--data", data, "--out", pruned, *OFFLINE)
                entries = json.loads(self.does("eval", run, pruned, "--samples", 2, "--json", *OFFLINE))["entries"]
                self.assertEqual(bytes_of(entries[1]["path"]), pruned)
                self.does("eval", run, pruned, "--samples", 2, *OFFLINE)
                self.does("export", pruned, "--to", "safetensors", "--out", name + b".safetensors")
                self.does("export", run, "--to", "onnx", "--out", name + b".onnx", "--json")
                self.does("import", name + b".safetensors", "--out", name + b"-back.h5")
                self.does("finetune", pruned, "--run", name + b"-fine", "--epochs", 1, "--batch-size", 6, *OFFLINE)
                checked = json.loads(self.does("check", run, "--json"))
                self.assertTrue(all(bytes_of(file["path"]).startswith(run) for file in checked))
                self.does("check", run)
                self.does("inspect", pruned)
                self.assertEqual(bytes_of(json.loads(self.does("inspect", pruned, "--json"))[0]["path"]), pruned)
                described = json.loads(self.does("data", data, "--json"))
                self.assertEqual([bytes_of(c) for c in described["class_names"]], sorted([name, b"other"]))
                self.does("data", data)
                self.does("report", run)
                shutil.copy(join(self.folder, run, b"config.json"), join(self.folder, config))
                self.does("train", "--config", config, "--run", b"again%d" % k, *OFFLINE)
                self.all_are_text(join(self.folder, run))

    def test_images_of_such_names(self):
        idx_folder = self.folder / "data"
        idx_folder.mkdir()
        generator = np.random.default_rng(2)
        for part, count in (("train", 12), ("t10k", 6)):
            idx(idx_folder / f"{part}-images-idx3-ubyte", generator.integers(0, 255, (count, 8, 8)))
            idx(idx_folder / f"{part}-labels-idx1-ubyte", np.arange(count) % 2)
        (self.folder / "net.json").write_text(json.dumps(self.network))
        self.does("train", "--network", "net.json", "--data", "data", "--run", "one", "--epochs", 1, "--batch-size", 6, *OFFLINE)
        os.mkdir(join(self.folder, b"p"))
        for name in NAMES:
            png(pathlib.Path(os.fsdecode(join(self.folder, b"p", name + b".png"))), generator.integers(0, 255, (8, 8)))
        wanted = sorted(name + b".png" for name in NAMES)
        base = lambda text: os.path.basename(bytes_of(text.removeprefix("'")))

        self.does("predict", "one", "p", "--out", "p.csv", "--samples", 2, *OFFLINE)
        text = (self.folder / "p.csv").read_text()
        cells = [row["file"] for row in csv.DictReader(io.StringIO(text))]
        self.assertEqual(sorted(base(cell) for cell in cells), wanted)
        os.chdir(self.folder / "p")
        self.addCleanup(os.chdir, "/")
        printed = subprocess.run([PROGRAM, "predict", "../one", *[n + b".png" for n in NAMES], "--out", "-", *OFFLINE],
                                 capture_output=True, check=True).stdout.decode()  # fmt: skip
        self.assertIsNone(re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", printed))
        cells = [row["file"] for row in csv.DictReader(io.StringIO(printed))]
        self.assertFalse([cell for cell in cells if cell[0] in "=+-@"])  # a formula nowhere
        self.assertEqual(sorted(bytes_of(cell.removeprefix("'")) for cell in cells), wanted)

        self.does("predict", "one", "p", "--out", "p.jsonl", "--samples", 2, *OFFLINE)
        lines = (self.folder / "p.jsonl").read_text().splitlines()
        self.assertEqual(sorted(base(json.loads(line)["file"]) for line in lines), wanted)
        self.does("predict", "one", "p", "--out", "p.json", "--samples", 2, *OFFLINE)
        rows = json.loads((self.folder / "p.json").read_text())["predictions"]
        self.assertEqual(sorted(base(row["file"]) for row in rows), wanted)
        self.does("predict", "one", "p", "--out", "p.h5", "--samples", 2, *OFFLINE)
        with h5py.File(self.folder / "p.h5") as file:
            names = bytes(file["files"][:]).decode().split("\0")
        self.assertEqual(sorted(base(name) for name in names), wanted)

        with open(join(self.folder, b"p", b"\x1b[31mbad\xff.png"), "wb") as file:
            file.write(b"no image")
        self.does("predict", "one", "p", "--out", "q.csv", *OFFLINE, code=3)
        self.does("predict", "one", "p", "--out", "q.csv", "--skip-damaged", "--json", *OFFLINE)

    def test_damaged_images_of_a_data_set(self):
        for name in FEW:
            with self.subTest(name=name):
                data = b"set-" + name
                self.images(join(self.folder, data), [b"a", b"b"])
                with open(join(self.folder, data, b"train/a", name + b".png"), "wb") as file:
                    file.write(b"no image")
                self.does("data", data, code=3)
                self.does("data", data, "--skip-damaged")
                self.does("data", data, "--skip-damaged", "--json")  # from the cache

    def test_what_is_refused_is_named_without_control_characters(self):
        for name in FEW:
            for arguments in ([name], ["train", b"--" + name], ["train", "--run", "x", name], ["eval", name],
                              ["train", "--preset", name, "--run", "x"], ["train", "--preset", "quickstart", "--set", name, "--run", "x"],
                              ["train", "--preset", "quickstart", "--set", b"data." + name + b"=1", "--run", "x"],
                              ["train", "--preset", "quickstart", "--optimizer", name, "--run", "x"], ["eval", "x", "--samples", name],
                              ["kappa", "x", "--method", name], ["kappa", b"x@" + name], ["export", "x", "--to", name],
                              ["predict", "x", name, "--out", name], ["report", name], ["check", name], ["inspect", name],
                              ["data", name], ["eval", "x", "--device", name]):  # fmt: skip
                with self.subTest(arguments=arguments):
                    words = [a if isinstance(a, bytes) else a.encode() for a in arguments]
                    done = subprocess.run([PROGRAM, *words], capture_output=True, cwd=self.folder)
                    self.assertIn(done.returncode, (2, 3), done.stderr)
                    self.assertIsNone(re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", (done.stdout + done.stderr).decode()))
        # A network's own words.
        for layers in (["\x1b[31mrelu"], [{"dense": {"\x1b[2Jout": 3}}], [{"dense": {"out": "\x9b31m"}}], "\x1b[31m"):
            (self.folder / "bad.json").write_text(json.dumps(self.network | {"layers": layers}))
            self.does("train", "--network", "bad.json", "--data", "four-gaussians", "--run", "x", code=2)


class ForgedLines(ProgramTest):
    """A name that was found, not typed, must not look like a line of the program's own."""

    FORGED = "x\nwhole      passwd\t1"

    def no_line_is_forged(self, text):
        self.assertFalse([line for line in text.splitlines() if line.startswith("whole      passwd")], text)

    def test_of_a_checkpoint(self):
        self.works("train", *SMALL, "--epochs", 1, "--run", self.folder / "run")
        (self.folder / "run/checkpoints" / f"{self.FORGED}.h5").write_bytes(b"none")
        done = run("check", self.folder / "run")
        self.assertEqual(done.returncode, 3)
        self.no_line_is_forged(done.stdout)
        self.assertIn("x\\x0Awhole", done.stdout)

    def test_of_a_class_and_of_an_image(self):
        self.works("train", *SMALL, "--epochs", 1, "--run", self.folder / "run")
        for part in ("train", "test"):
            for name in ("a", self.FORGED):
                (self.folder / "set" / part / name).mkdir(parents=True)
                png(self.folder / "set" / part / name / "1.png", np.zeros((28, 28), np.uint8))
        self.no_line_is_forged(self.works("data", self.folder / "set").stdout)
        (self.folder / "set/train" / self.FORGED / f"{self.FORGED}.png").write_bytes(b"none")
        predict = ["predict", self.folder / "run", self.folder / "set/train", "--out", self.folder / "p.csv", *OFFLINE]
        for arguments in (["data", self.folder / "set"], predict):
            done = run(*arguments)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.no_line_is_forged(done.stderr)


if __name__ == "__main__":
    unittest.main()
