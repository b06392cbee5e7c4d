# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The program's words: what was mistyped is told what was meant, help and tables fit 80 columns, signs and names of tables
say what they show.

    words_test.py PROGRAM
"""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from program import OFFLINE, PROGRAM, SMALL, run

HELP = run("--help").stdout
VERBS = re.findall(r"^  ([a-z]+) {2,}", HELP[HELP.index("Subcommands:"):], re.MULTILINE)


class Words(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-words-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.trained = run("train", *SMALL, "--epochs", 1, "--run", cls.folder / "a")
        assert cls.trained.returncode == 0, cls.trained.stderr
        shutil.copytree(cls.folder / "a", cls.folder / "b")

    def says(self, *words, arguments, code=2):
        done = run(*arguments, cwd=self.folder)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertTrue(done.stderr.startswith("varphase"), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_what_was_meant(self):
        train = ["train", "--preset", "quickstart", "--run", "x"]
        for flag, meant in (("--lr", "learning-rate"), ("--batch_size", "batch-size"), ("--batchsize", "batch-size"),
                            ("--Batch-Size=3", "batch-size"), ("--learning_rate", "learning-rate"), ("--wd", "weight-decay"),
                            ("--epoch", "epochs"), ("--dataset", "data"), ("--gpu", "device"), ("--force", "overwrite"),
                            ("-lr", "learning-rate"), ("--optimiser", "optimizer"), ("--model", "network")):  # fmt: skip
            with self.subTest(flag):
                self.says(f"did you mean --{meant}?", arguments=[*train, flag, "1"])
        self.says("did you mean --learning-rate?", arguments=["train", "--lr", "1"])  # --run is missing too
        self.says("--statistics is a flag of inspect", arguments=["check", "a", "--statistics"])
        for word, meant in (("evla", "eval"), ("evaluate", "eval"), ("trian", "train"), ("Train", "train"), ("infer", "predict")):
            with self.subTest(word):
                self.says(f"did you mean '{meant}'?", arguments=[word, "a"])
        self.says("there are train, finetune", arguments=["xyzzyx"])
        self.says("give a verb", arguments=[])
        self.says("'c' was not expected", arguments=["export", "a", "c"])

    def test_a_field_is_called_by_its_flag(self):
        train = ["train", "--preset", "quickstart", "--run", "x"]
        for flag, value in (("--epochs", "0"), ("--epochs", "abc"), ("--train-limit", "-1"), ("--optimizer", "adm"), ("--augment", "flip")):
            with self.subTest(flag):
                self.says(f"varphase: {flag}: ", arguments=[*train, flag, value])
        self.says("varphase: train.epochs: ", arguments=[*train, "--set", "train.epochs=0"])

    def test_layers_of_other_tools(self):
        for kind, words in (("linear", "did you mean 'dense'?"), ("Linear", "did you mean 'dense'?"), ("Conv2d", "did you mean 'conv2d'?"),
                            ("ReLU", "did you mean 'relu'?"), ("BatchNorm2d", "did you mean 'batch_norm'?"),
                            ("MaxPool2d", "did you mean 'max_pool'?"), ("mish", "activations are relu"), ("GELU", "did you mean 'gelu'?"), ("swish", "did you mean 'silu'?"), ("softmax", "logits"),
                            ("denes", "did you mean 'dense'?")):  # fmt: skip
            with self.subTest(kind):
                (self.folder / "net.json").write_text(json.dumps({"input": [1, 28, 28], "classes": 10, "layers": [kind, "relu"]}))
                self.says(words, "varphase: net.json: layer 1 of 2", arguments=["train", "--network", "net.json", "--data", "synthetic-digits", "--run", "x"])

    def test_import_onto_a_run_names_its_own_flag(self):
        done = run("export", "a", "--to", "safetensors", "--out", "a.safetensors", "--overwrite", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run("import", "a.safetensors", "--run", "b", cwd=self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--overwrite", done.stderr)
        self.assertNotIn("--resume", done.stderr)

    def test_help_fits_80_columns(self):
        for verb in ([], *[[verb] for verb in VERBS]):
            text = subprocess.run([PROGRAM, *verb, "--help"], capture_output=True, text=True, check=True).stdout
            self.assertEqual([line for line in text.splitlines() if len(line) > 80], [], verb)
        for verb, flags in (("kappa", ["layer", "epoch"]), ("sweep", ["criteria", "thresholds", "sparsities", "layer"]),
                            ("prune", ["budget", "layer"])):  # fmt: skip
            text = run(verb, "--help").stdout
            for flag in flags:
                entry = re.search(rf"--{flag} .*?(?=\n +--|\n\n)", text, re.DOTALL).group()
                self.assertIn("commas", " ".join(entry.split()), entry)

    def test_tables_fit_80_columns(self):
        kappa = run("kappa", "a", *OFFLINE, cwd=self.folder)
        self.assertEqual(kappa.returncode, 0, kappa.stderr)
        pruned = ["prune", "a", "--sparsity", 0.9, "--overwrite", *OFFLINE]
        tables = {"train": self.trained}
        for arguments in (["eval", "a", "b", "--samples", 2, *OFFLINE], ["sweep", "a", "--samples", 2, "--thresholds", "1,10", *OFFLINE],
                          pruned, ["transition", "a"], ["inspect", "a/checkpoints/epoch_0001.h5"],
                          ["inspect", "--statistics", "a/checkpoints/epoch_0001.h5"], ["data", "synthetic-digits"]):  # fmt: skip
            tables[" ".join(map(str, arguments))] = run(*arguments, cwd=self.folder)
        for name, done in tables.items():
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = [line for line in done.stdout.splitlines() if len(re.findall(r"\S {2,}(?=\S)", line)) > 1]  # columns
            self.assertGreater(len(rows), 1, name)
            self.assertEqual([line for line in rows if len(line) > 80], [], name)
        self.assertIn("--wide adds: stoch. %", self.trained.stdout)
        wide = run("eval", "a", "--samples", 2, "--wide", *OFFLINE, cwd=self.folder).stdout
        for title in ("stoch. %", "zero m. %", "bytes"):
            self.assertIn(title, wide.splitlines()[0])
        self.assertNotIn("--wide", wide)

    def test_rows_of_several_runs_are_told_apart(self):
        entries = json.loads(run("eval", "a", "b", "--samples", 2, "--json", *OFFLINE, cwd=self.folder).stdout)["entries"]
        self.assertEqual([entry["name"] for entry in entries], ["a: full, epoch 1", "b: full, epoch 1"])
        (self.folder / "c").mkdir()
        shutil.copytree(self.folder / "a", self.folder / "c/a")
        entries = json.loads(run("eval", "a", "c/a", "--samples", 2, "--json", *OFFLINE, cwd=self.folder).stdout)["entries"]
        self.assertEqual(entries[1]["name"], "c/a: full, epoch 1")
        one = json.loads(run("eval", "a", "--samples", 2, "--json", *OFFLINE, cwd=self.folder).stdout)["entries"]
        self.assertEqual(one[0]["name"], "full, epoch 1")

    def test_lost_is_what_was_lost(self):
        done = run("sweep", "a", "--samples", 2, "--thresholds", "log:3", "--json", *OFFLINE, cwd=self.folder)
        rows = json.loads(done.stdout)["rows"]
        text = run("sweep", "a", "--samples", 2, "--thresholds", "10^3", *OFFLINE, cwd=self.folder).stdout
        lost = [float(line.split()[5]) for line in text.splitlines() if re.match(r" +[-0-9.]+ +(mean|zero) ", line)]
        self.assertEqual(lost, [float(f"{0.0 - 100 * row['difference']:.2f}") for row in rows])
        self.assertTrue(any(value > 0 for value in lost), lost)  # all of it zero: digits are lost


if __name__ == "__main__":
    unittest.main()
