# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Every verb of the program and its Python function: the same files, the same bits, the same result.

    PYTHONPATH=build/python:tests/tools jobs_test.py PROGRAM
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

import h5py
import numpy as np

import varphase
from in_folder import InFolder
from program import PROGRAM, idx_folder, run, tiny_spec
from varphase import errors

QUIET = {"progress": False}
CPU = {"device": "cpu", "threads": 1, **QUIET}
FLAGS = ["--device", "cpu", "--threads", "1"]
# What tells of one process, not of its result: times, the command line, and sizes and digests of files that hold these.
OWN = re.compile(r"provenance|images_per_second|seconds|command|created|sha256|^bytes$|init_digest|checkpoint_digest|^networks$")

# A verb's words, and the call that means the same.
STEPS = [
    ("train --network spec.json --data images --batch-size 50 --epochs 3 --validation 0.1 --run r --quiet",
     lambda: varphase.train("r", network="spec.json", data=pathlib.Path("images"), batch_size=50, epochs=3, validation=0.1, **CPU)),
    ("train --resume --run r --set train.epochs=4 --quiet",
     lambda: varphase.train("r", resume=True, set={"train.epochs": 4}, **CPU)),
    ("kappa r", lambda: varphase.kappa("r", **CPU)),
    ("kappa r --epoch last --layer all --by class", lambda: varphase.kappa("r", epoch="last", layer="all", by="class", **CPU)),
    ("transition r", lambda: varphase.transition("r", **QUIET)),
    ("sweep r --samples 4 --thresholds 10^-3,10^-1 --sparsities 0.5,0.9",
     lambda: varphase.sweep("r", samples=4, thresholds=["10^-3", "10^-1"], sparsities=[0.5, 0.9], **CPU)),
    ("prune r --sparsity 0.8 --replace zero --out r/pruned/80.h5",
     lambda: varphase.prune("r", sparsity=0.8, replace="zero", out="r/pruned/80.h5", **CPU)),
    ("prune r --threshold 0.01 --replace mean --out r/pruned/mean.h5",
     lambda: varphase.prune("r", threshold=0.01, replace="mean", out="r/pruned/mean.h5", **CPU)),
    ("eval r r/pruned/80.h5 --samples 4 --form dense --metrics cls,cal --resamples 20",
     lambda: varphase.evaluate(["r", "r/pruned/80.h5"], samples=4, form="dense", metrics=["cls", "cal"], resamples=20, **CPU)),
    ("shift r --samples 2 --corruptions rotation --images 20",
     lambda: varphase.shift("r", samples=2, corruptions="rotation", images=20, **CPU)),
    ("attack r --epsilon 8/255 --steps 2 --samples 2 --images 20 --out attack.json",
     lambda: varphase.attack("r", epsilon="8/255", steps=2, samples=2, images=20, out="attack.json", **CPU)),
    ("finetune r/pruned/80.h5 --run f --epochs 1 --quiet",
     lambda: varphase.finetune("r/pruned/80.h5", run="f", epochs=1, **CPU)),
    ("export r --to safetensors --out r.safetensors", lambda: varphase.export("r", to="safetensors", out="r.safetensors", **QUIET)),
    ("export r/pruned/80.h5 --to onnx --out 80.onnx", lambda: varphase.export("r/pruned/80.h5", to="onnx", out="80.onnx", **QUIET)),
    ("import r.safetensors --run t", lambda: varphase.import_("r.safetensors", run="t", **QUIET)),
    ("predict r new.npy --samples 4 --out p.csv", lambda: varphase.predict("r", "new.npy", samples=4, out="p.csv", **CPU)),
    ("inspect r/pruned/80.h5 --statistics", lambda: varphase.inspect("r/pruned/80.h5", statistics=True, **QUIET)),
    ("data images --validation 0.1", lambda: varphase.describe_data("images", validation=0.1, **QUIET)),
    ("report r --quiet", lambda: varphase.report("r", **QUIET)),
    ("check r f t", lambda: varphase.check(["r", "f", "t"], **QUIET)),
]  # fmt: skip
PRINTS_NO_JSON = ("train", "finetune", "report")
COMPUTES = ("train", "finetune", "kappa", "sweep", "prune", "eval", "shift", "attack", "predict")


def numbers_of(value):
    """A JSON value without what tells of one process."""
    if isinstance(value, dict):
        return {name: numbers_of(item) for name, item in value.items() if not OWN.search(name)}
    return [numbers_of(item) for item in value] if isinstance(value, list) else value


def contents(path):
    """What a file holds, comparable."""
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            found = {name: bytes(str(value), "utf-8") for name, value in file.attrs.items() if not OWN.search(name)}
            file.visititems(lambda name, item: found.__setitem__(name, item[()].tobytes())
                            if isinstance(item, h5py.Dataset) else None)  # fmt: skip
        return found
    if path.suffix == ".json":
        return numbers_of(json.loads(path.read_text()))
    if path.suffix == ".csv":
        rows = [line.split(",") for line in path.read_text().splitlines()]
        kept = [i for i, name in enumerate(rows[0]) if not OWN.search(name)]
        return [[row[i] for i in kept] for row in rows]
    if path.suffix == ".safetensors":
        from safetensors.numpy import load_file

        return {name: array.tobytes() for name, array in load_file(path).items()}
    return None  # logs, the page, the ONNX graph's own record: that it is there


class Folder(InFolder):
    def prepare(self, folder):
        folder.mkdir()
        idx_folder(folder / "images")
        (folder / "spec.json").write_text(json.dumps(tiny_spec()))
        np.save(folder / "new.npy", np.random.default_rng(1).integers(0, 256, (12, 8, 8), np.uint8))
        return folder


class Verbs(Folder):
    maxDiff = 2000

    def test_every_verb_and_its_call_write_the_same(self):
        # One after the other in one place: files hold the paths of what they are of.
        place, theirs, printed = self.prepare(self.folder / "work"), self.folder / "program", []
        for words, _ in STEPS:
            verb = words.split()[0]
            asked = [*words.split(), *(FLAGS if verb in COMPUTES else []), *([] if verb in PRINTS_NO_JSON else ["--json"])]
            done = run(*asked, cwd=place)
            self.assertEqual(done.returncode, 0, done.stderr)
            printed.append(None if verb in PRINTS_NO_JSON else json.loads(done.stdout))
        place.rename(theirs)
        os.chdir(self.prepare(place))
        for (words, call), wanted in zip(STEPS, printed, strict=True):
            with self.subTest(words):
                result = call()
                if wanted is not None:
                    self.assertEqual(numbers_of(result), numbers_of(wanted))
        names = [sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()) for folder in (theirs, place)]
        self.assertEqual(names[0], names[1])
        self.assertGreater(len(names[0]), 40)
        for name in names[0]:
            with self.subTest(str(name)):
                self.assertEqual(contents(theirs / name), contents(place / name))

    def test_every_verb_has_its_step(self):
        done = {words.split()[0] for words, _ in STEPS}
        listed = re.findall(r"^  ([a-z]+) {2,}", run("--help").stdout.split("Subcommands:")[1], re.MULTILINE)
        self.assertEqual(done, set(listed) - {"completion", "man"})


class Behaviour(Folder):
    def setUp(self):
        super().setUp()
        os.chdir(self.prepare(self.folder / "work"))

    def train(self, name="r", **more):
        return varphase.train(name, **{"network": "spec.json", "data": "images", "batch_size": 50, "epochs": 2, **CPU, **more})

    def test_errors_are_of_their_kinds_with_the_program_s_text(self):
        with self.assertRaises(errors.UsageError) as caught:
            self.train(epochs=-1)
        self.assertEqual(caught.exception.kind, "usage")
        self.assertIn("epochs", str(caught.exception))
        with self.assertRaises(errors.FileError):
            varphase.kappa("no/such/run", **CPU)
        with self.assertRaises(OSError):
            varphase.kappa("no/such/run", **CPU)
        self.train()
        with self.assertRaises(varphase.VarphaseError) as caught:
            varphase.prune("r", sparsity=2, **CPU)
        self.assertIn("sparsity", str(caught.exception))
        with self.assertRaises(errors.FormatError):
            pathlib.Path("broken.h5").write_bytes(b"nothing")
            varphase.evaluate("broken.h5", **CPU)
        with self.assertRaises(TypeError):
            varphase.train("r", no_such_argument=1)
        with self.assertRaises(errors.UsageError):
            varphase.train(run=None)

    def test_a_listener_hears_of_epochs_and_may_end_the_job(self):
        heard = []

        class Ear(varphase.Listener):
            def on_event(self, kind, what):
                heard.append((kind, what))
                if what.get("epoch") == 1 and kind == "epoch":
                    raise RuntimeError("enough")

        with self.assertRaisesRegex(RuntimeError, "enough"):
            self.train(epochs=6, listener=Ear())
        self.assertEqual([kind for kind, _ in heard], ["started", "epoch"])
        self.assertEqual(heard[0][1]["training_images"], 200)
        self.assertEqual(self.train(resume=True, network="", data=None, batch_size=None, epochs=None)["last"]["epoch"], 6)

    def test_epochs_become_scalars(self):
        self.train(epochs=2, listener=varphase.TensorBoard("logs"))
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator("logs")
        events.Reload()
        table = varphase.Run("r").metrics.set_index("epoch").loc[1:]
        for tag, column in (("nll", "nll"), ("accuracy/ensemble", "test_accuracy_ensemble"), ("nll/ensemble", "test_nll_ensemble")):
            scalars = events.Scalars(tag)
            self.assertEqual([scalar.step for scalar in scalars], [1, 2])
            np.testing.assert_allclose([scalar.value for scalar in scalars], table[column], rtol=1e-6)

    def test_the_interpreter_goes_on_while_a_job_runs(self):
        done = threading.Event()
        worker = threading.Thread(target=lambda: (self.train(epochs=40), done.set()))
        worker.start()
        turns = 0
        while worker.is_alive():
            turns += 1
            time.sleep(0.001)
        worker.join()
        self.assertTrue(done.is_set(), "the training failed")
        self.assertGreater(turns, 10)

    def test_ctrl_c_saves_and_raises(self):
        script = ("import sys, varphase\n"
                  "class Ear(varphase.Listener):\n"
                  "    def on_event(self, kind, what): print(kind, flush=True)\n"
                  "try:\n"
                  "    varphase.train('r', network='spec.json', data='images', batch_size=50, epochs=5000, device='cpu',\n"
                  "                   threads=1, listener=Ear())\n"
                  "except KeyboardInterrupt as error:\n"
                  "    print('interrupted', *error.__notes__, flush=True)\n")  # fmt: skip
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            for line in running.stdout:
                if line.strip() == "epoch":
                    break
            running.send_signal(signal.SIGINT)
            said = running.communicate(timeout=120)
        self.assertEqual(running.returncode, 0, said[1])
        self.assertIn("interrupted what was done is saved", said[0])
        saved = len(list(pathlib.Path("r/checkpoints").glob("epoch_*.h5"))) - 1

        class Ear(varphase.Listener):
            def on_event(self, kind, what):
                if kind == "epoch":
                    raise RuntimeError(str(what["epoch"]))

        with self.assertRaisesRegex(RuntimeError, f"^{saved + 1}$"):
            varphase.train("r", resume=True, listener=Ear(), device="cpu", threads=1)

    def test_a_job_neither_meets_nor_changes_the_user_s_switches(self):
        # In a process of its own: they are the whole process's.
        subprocess.run([sys.executable, str(pathlib.Path(__file__).with_name("switches.py"))], check=True)

    def test_a_listener_s_calls_come_in_pairs(self):
        calls = []

        class Ear(varphase.Listener):
            def begin(self, what, total, unit):
                calls.append("begin")

            def end(self):
                calls.append("end")

            def on_event(self, kind, what):
                if failing and kind == "epoch":
                    raise RuntimeError("enough")

        for failing, job in ((False, self.train), (True, lambda **more: self.train(overwrite=True, **more)), (False, lambda **more: self.train(epochs=-1, **more)),
                             (False, lambda listener: varphase.evaluate("r", samples=2, listener=listener, device="cpu", threads=1)),
                             (False, lambda listener: varphase.evaluate("no", listener=listener)),
                             (False, lambda listener: varphase.evaluate("r", data=([], []), listener=listener))):  # fmt: skip
            with self.subTest(job), contextlib.suppress(RuntimeError, varphase.VarphaseError):
                job(listener=Ear())
            self.assertEqual(calls, ["begin", "end"] * (len(calls) // 2))
        self.assertGreaterEqual(len(calls), 4)

    def test_a_forked_process_is_told_what_would_hang(self):
        self.train()
        script = ("import os, varphase\n"
                  "def evaluate(threads): return varphase.evaluate('r', samples=2, device='cpu', threads=threads, progress=False)\n"
                  "evaluate(2)\n"
                  "if os.fork() == 0:\n"
                  "    evaluate(1)\n"
                  "    try: evaluate(2)\n"
                  "    except varphase.VarphaseError as error: os._exit(7 if 'spawn' in str(error) else 3)\n"
                  "    os._exit(2)\n"
                  "raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))\n")  # fmt: skip
        self.assertEqual(subprocess.run([sys.executable, "-c", script], timeout=60).returncode, 7)

    def test_odd_names_are_taken_as_they_are(self):
        name = "back\\slash é"
        self.train(name)
        self.assertTrue((pathlib.Path(name) / "config.json").is_file())
        odd = os.fsdecode(b"not \xff utf-8")
        os.rename(name, odd)
        self.assertEqual(varphase.report(odd, **QUIET)["left_out"], [])

    def test_the_package_is_imported_fast_and_without_what_it_may_not_need(self):
        script = ("import time, torch; begin = time.perf_counter(); import varphase; took = time.perf_counter() - begin\n"
                  "import sys; assert not {'pandas', 'matplotlib', 'h5py', 'varphase._engine'} & set(sys.modules)\n"
                  "print(took)")  # fmt: skip
        took = min(float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)
                   for _ in range(2))  # fmt: skip
        self.assertLess(took, 0.3)


if __name__ == "__main__":
    assert PROGRAM
    unittest.main()
