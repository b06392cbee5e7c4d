# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Kill -9 at random moments: nothing that was there is lost, no file is half, and what goes on gets the same bits.

    kill_test.py PROGRAM [KILLS [SEED]]        12 kills unless told; 200 take some ten minutes

Beside every tenth (of a few kills: the first of each verb) a second process writes to the same run.
"""

import collections
import hashlib
import json
import random
import shutil
import subprocess
import sys
import time
import unittest

import h5py

from program import OFFLINE, PROGRAM, ProgramTest, arrays, idx_folder, metrics_of, run, tiny_spec

SEED = int(sys.argv.pop(2)) if len(sys.argv) > 2 else 1
KILLS = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 12
VERBS = ("train", "finetune", "kappa", "sweep", "prune", "export", "attack")


def rows_of(folder):
    """metrics.csv without what is measured."""
    return [{key: value for key, value in row.items() if key not in ("seconds", "images_per_second")} for row in metrics_of(folder)]


def contents(folder):
    """Digests of all that a run keeps, by name."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")}  # fmt: skip


def values_of(path):
    """What a result holds, without when and how it was made."""
    if path.suffix == ".h5":
        return arrays(path)
    if path.suffix == ".json":
        values = json.loads(path.read_text())
        return {key: value for key, value in values.items() if key != "provenance"} if isinstance(values, dict) else values
    return path.read_bytes() if path.suffix != ".safetensors" else path.read_bytes()[-2000:]


class Kill(ProgramTest):
    def setUp(self):
        super().setUp()
        self.draw = random.Random(SEED)
        self.told = collections.Counter()
        self.spec = self.folder / "net.json"
        self.spec.write_text(json.dumps(tiny_spec()))
        self.data = idx_folder(self.folder / "data", train=1500, test=100)
        self.training = ["train", "--network", self.spec, "--data", self.data, "--batch-size", 10, "--samples", 2,
                         "--epochs", 12, *OFFLINE, "--keep-optimizer", 2]  # fmt: skip

    def start(self, *arguments):
        return subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def killed(self, arguments, seconds, beside=None):
        """Begins, kills within the time that the whole takes, and a second one beside it. @return whether it was killed"""
        process = self.start(*arguments)
        moment = time.monotonic() + self.draw.uniform(0, 0.95 * seconds)
        if beside:
            time.sleep(self.draw.uniform(0.3, 0.6) * seconds)
            second = run(*beside)
            self.assertIn(second.returncode, (0, 2, 3), second.stderr)
            self.told[f"second: {second.returncode}"] += 1
        time.sleep(max(0, moment - time.monotonic()))
        process.kill()
        return process.wait() != 0

    def timed(self, *arguments):
        start = time.monotonic()
        self.works(*arguments)
        return time.monotonic() - start

    def kill_a_training(self, verb, reference, begin, seconds, second):
        """A training that is killed once or several times and ends as if it had not been."""
        place = self.folder / "killed"
        for attempt in range(self.draw.choice((1, 1, 2, 3))):
            begun = (place / "config.json").exists() and any((place / "checkpoints").glob("epoch_*.h5"))
            going_on = [verb, "--resume", "--run", place, *OFFLINE]
            beside = None
            if second and attempt == 0:  # it may train itself where the first one was not there yet: the same run
                beside = self.draw.choice(([*begin, "--run", place], going_on))
            self.told[verb] += self.killed(going_on if begun else [*begin, "--run", place], seconds, beside)
            if place.exists():
                self.works("check", place)
        # Whatever state it was left in: one of the two commands takes it.
        done = run(*begin, "--run", place)
        if done.returncode != 0:
            self.assertIn("--resume goes on", done.stderr)
            self.works(verb, "--resume", "--run", place, *OFFLINE)
        self.works("check", place)
        names = [path.name for path in sorted((place / "checkpoints").iterdir())]
        self.assertEqual(names, [path.name for path in sorted((reference / "checkpoints").iterdir())])
        for name in names:
            self.assertEqual(arrays(reference / "checkpoints" / name), arrays(place / "checkpoints" / name), name)
            with h5py.File(place / "checkpoints" / name) as file:
                self.assertEqual(json.loads(file.attrs["config"]), json.loads((place / "config.json").read_text()))
        self.assertEqual(rows_of(reference), rows_of(place))
        shutil.rmtree(place)

    def kill_an_analysis(self, verb, arguments, results, reference, seconds, second):
        """A run that is analysed: what it held stays, and the same command makes the same again."""
        place = self.folder / "killed"
        shutil.copytree(self.folder / "run", place)
        before = contents(place)
        command = [verb, place, *arguments(place)]
        self.told[verb] += self.killed(command, seconds, command if second else None)
        self.works("check", place)
        after = contents(place)
        self.assertEqual(before, {name: digest for name, digest in after.items() if name in before})
        self.works(*command, *(["--overwrite"] if verb in ("prune", "export") else []))
        for name in results:
            self.assertEqual(reference[name], values_of(place / name), name)
        self.assertEqual(list(place.rglob("*.partial")), [])
        shutil.rmtree(place)

    def test_kills(self):
        whole = self.folder / "run"
        seconds = {"train": self.timed(*self.training, "--run", whole)}
        pruned = self.folder / "50.h5"
        self.works("prune", whole, "--sparsity", 0.5, "--out", pruned, *OFFLINE)
        tune = ["finetune", pruned, "--epochs", 4, "--keep-optimizer", 2, *OFFLINE]
        fine = self.folder / "fine"
        seconds["finetune"] = self.timed(*tune, "--run", fine)
        analyses = {"kappa": (lambda place: ["--layer", "all", *OFFLINE], None),
                    "sweep": (lambda place: ["--samples", 4, *OFFLINE], None),
                    "prune": (lambda place: ["--sparsity", 0.6, "--out", place / "pruned/60.h5", *OFFLINE], ["pruned/60.h5"]),
                    "attack": (lambda place: ["--epsilon", "20px", "--steps", 80, "--samples", 100, "--batch", 10, "--save", *OFFLINE], None),
                    "export": (lambda place: ["--to", "safetensors"], ["exports/epoch_0012.safetensors"])}  # fmt: skip
        references = {}
        place = self.folder / "killed"  # of that name, as results hold paths
        for verb, (arguments, results) in analyses.items():
            shutil.copytree(whole, place)
            seconds[verb] = self.timed(verb, place, *arguments(place))
            results = results or sorted(set(contents(place)) - set(contents(whole)))
            self.assertTrue(results, verb)
            references[verb] = {name: values_of(place / name) for name in results}
            shutil.rmtree(place)
        for kill in range(KILLS):
            verb = VERBS[kill % len(VERBS)]
            second = kill % 10 == 9 or (KILLS < 60 and kill < len(VERBS))
            with self.subTest(kill=kill, verb=verb):
                if verb == "train":
                    self.kill_a_training(verb, whole, self.training, seconds[verb], second)
                elif verb == "finetune":
                    self.kill_a_training(verb, fine, tune, seconds[verb], second)
                else:
                    self.kill_an_analysis(verb, analyses[verb][0], list(references[verb]), references[verb], seconds[verb], second)
            shutil.rmtree(self.folder / "killed", ignore_errors=True)
        self.assertGreater(sum(self.told[verb] for verb in VERBS), KILLS // 4, self.told)
        self.assertTrue(KILLS < 60 or self.told["second: 2"] + self.told["second: 3"] > 0, self.told)
        print(f"{KILLS} kills asked for; by verb those that met a running process, and how seconds ended: {dict(self.told)}")


if __name__ == "__main__":
    unittest.main()
