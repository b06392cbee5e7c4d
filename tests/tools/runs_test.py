# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Whose a run is: one writer at a time, one training, one set of images; what is replaced, what is taken away again
after a failure, and how a run goes on.

    runs_test.py PROGRAM
"""

import fcntl
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest

import h5py
import numpy as np

from program import OFFLINE, PROGRAM, ProgramTest, arrays, idx, idx_folder, metrics_of, run, tiny_spec


class RunTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.spec = self.folder / "net.json"
        self.spec.write_text(json.dumps(tiny_spec()))
        self.data = idx_folder(self.folder / "data")

    def arguments(self, name, *more, data=None):
        given = {"--network": self.spec, "--data": data or self.data, "--batch-size": 20, "--epochs": 3}
        usual = [word for flag, value in given.items() if flag not in more for word in (flag, value)]
        return ["train", *usual, "--keep-optimizer", 9, "--samples", 2, *OFFLINE, "--run", self.folder / name, *more]

    def train(self, name, *more, **how):
        self.works(*self.arguments(name, *more, **how))
        return self.folder / name

    def resume(self, folder, *more):
        return ["train", "--resume", "--run", folder, *OFFLINE, *more]

    def cut(self, folder, epoch):
        """A run as it is after a kill in epoch + 1."""
        for path in (folder / "checkpoints").glob("*.h5"):
            if path.name > f"epoch_{epoch:04}.h5":
                path.unlink()

    def same_checkpoints(self, one, two):
        names = sorted(path.name for path in (one / "checkpoints").iterdir())
        self.assertEqual(names, sorted(path.name for path in (two / "checkpoints").iterdir()))
        for name in names:
            self.assertEqual(arrays(one / "checkpoints" / name), arrays(two / "checkpoints" / name), name)


class Images(RunTest):
    def change(self, name, place):
        path = self.data / name
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)

    def test_a_resume_wants_the_images_that_were_trained_on(self):
        for name, place in (("train-images-idx3-ubyte", 500), ("train-labels-idx1-ubyte", 70), ("t10k-images-idx3-ubyte", 99)):
            one = self.train("one", "--overwrite")
            whole = arrays(one / "checkpoints/epoch_0003.h5")
            self.cut(one, 1)
            self.change(name, place)
            before = arrays(one / "checkpoints/epoch_0001.h5")
            self.fails(2, "other images", "--accept-changed-data", arguments=self.resume(one))
            self.assertEqual(sorted(path.name for path in (one / "checkpoints").iterdir()), ["epoch_0000.h5", "epoch_0001.h5"])
            self.assertEqual(before, arrays(one / "checkpoints/epoch_0001.h5"))
            self.change(name, place)
            self.works(*self.resume(one))
            self.assertEqual(whole, arrays(one / "checkpoints/epoch_0003.h5"))

    def test_changed_images_can_be_accepted_and_are_on_record(self):
        one = self.train("one")
        self.cut(one, 1)
        self.change("train-images-idx3-ubyte", 500)
        self.works(*self.resume(one, "--accept-changed-data"))
        with h5py.File(one / "checkpoints/epoch_0001.h5") as old, h5py.File(one / "checkpoints/epoch_0003.h5") as new:
            digests = [file.attrs["provenance.dataset_digest"].decode() for file in (old, new)]
            self.assertNotEqual(*digests)
            said = new.attrs["provenance.data_changed"].decode()
            self.assertNotIn("provenance.data_changed", old.attrs)
        for digest in digests:
            self.assertIn(digest, said)
        self.assertIn("the data changed", (one / "log.txt").read_text())
        # It is still said after the next resume, which finds the images of the newest checkpoint.
        self.cut(one, 2)
        self.works(*self.resume(one))
        with h5py.File(one / "checkpoints/epoch_0003.h5") as file:
            self.assertEqual(file.attrs["provenance.data_changed"].decode(), said)
        self.fails(2, "--resume", arguments=self.arguments("two", "--accept-changed-data"))

    def test_images_that_moved_are_given_by_data(self):
        one = self.train("one")
        whole = arrays(one / "checkpoints/epoch_0003.h5")
        self.cut(one, 1)
        moved = self.folder / "elsewhere"
        self.data.rename(moved)
        self.fails(3, str(self.data), "--data", arguments=self.resume(one))
        idx_folder(self.data, seed=3)
        self.fails(2, "other images", arguments=self.resume(one))
        self.works(*self.resume(one, "--data", moved))
        self.assertEqual(whole, arrays(one / "checkpoints/epoch_0003.h5"))
        self.assertEqual(json.loads((one / "config.json").read_text())["data"]["data"], str(moved))
        self.assertNotIn("other images", self.works("eval", one, "--samples", 2, *OFFLINE).stderr)

    def test_a_relative_folder_is_the_one_of_the_training_from_everywhere(self):
        one = self.folder / "one"
        self.works(*self.arguments("one", data="data"), cwd=self.folder)
        config = json.loads((one / "config.json").read_text())["data"]
        self.assertEqual([config["data"], config["source"]], ["data", str(self.data)])
        other = self.folder / "other"
        idx_folder(other / "data", seed=8)
        evaluate = ["eval", one, "--samples", 2, "--json", *OFFLINE]
        entries = [json.loads(self.works(*evaluate, cwd=cwd).stdout)["entries"] for cwd in (self.folder, other)]
        self.assertEqual(*entries)
        self.assertIs(entries[0][0]["data"]["as_trained"], True)
        # Run and images moved together: what was typed is taken, and is seen to be the same.
        there = self.folder / "there"
        there.mkdir()
        for path in (one, self.data):
            path.rename(there / path.name)
        evaluate[1] = there / "one"
        self.assertEqual(json.loads(self.works(*evaluate, cwd=there).stdout)["entries"][0]["accuracy"], entries[0][0]["accuracy"])
        # A configuration that is taken over means its own images, unless others are named.
        two = self.folder / "two"
        other_set = ["train", "--config", there / "one/config.json", "--data", "data", "--run", two, *OFFLINE]
        self.works(*other_set, cwd=other)
        self.assertEqual(json.loads((two / "config.json").read_text())["data"]["source"], str(other / "data"))

    def test_a_folder_behind_a_link_is_found_again(self):
        """Behind a link, ".." is not what the text says."""
        here, there = self.folder / "here", self.folder / "there"
        here.mkdir()
        (there / "in").mkdir(parents=True)
        idx_folder(there / "data", seed=4)
        idx_folder(here / "data", seed=5)
        (here / "link").symlink_to(there / "in")
        one = self.folder / "one"
        self.works(*self.arguments("one", data="link/../data"), cwd=here)
        self.works(*self.resume(one, "--epochs", 4))
        self.works(*self.arguments("two", data="./../here/data"), cwd=here)
        config = json.loads((self.folder / "two/config.json").read_text())["data"]
        self.assertEqual(config["source"], str(here / "data"))

    def test_members_are_of_the_same_images(self):
        two = self.train("two", "--members", 2)
        shutil.rmtree(two / "members/01")
        self.change("train-images-idx3-ubyte", 500)
        self.fails(2, "other images", "members/00", arguments=self.resume(two))
        self.assertFalse((two / "members/01").exists())
        self.works(*self.resume(two, "--accept-changed-data"))

    def test_what_is_refused_changes_no_configuration(self):
        one = self.train("one")
        self.cut(one, 1)
        config = (one / "config.json").read_text()
        other = idx_folder(self.folder / "other", seed=3)
        more = idx_folder(self.folder / "more", train=400)
        self.fails(2, "other images", arguments=self.resume(one, "--data", other, "--epochs", 5))
        self.fails(2, "steps", arguments=self.resume(one, "--data", more, "--epochs", 5, "--accept-changed-data"))
        self.assertEqual(config, (one / "config.json").read_text())

    def test_every_analysis_says_that_images_changed(self):
        one = self.train("one")
        pruned = one / "pruned/50.h5"
        self.works("prune", one, "--sparsity", 0.5, "--out", pruned, *OFFLINE)
        verbs = {"kappa": ["kappa", one, "--epoch", "last"], "sweep": ["sweep", one, "--samples", 2, "--sparsities", 0.5],
                 "prune": ["prune", one, "--sparsity", 0.6, "--out", self.folder / "60.h5", "--overwrite"],
                 "eval": ["eval", one, pruned, "--samples", 2],
                 "prune further": ["prune", pruned, "--sparsity", 0.7, "--out", self.folder / "70.h5", "--overwrite"]}  # fmt: skip

        def told(result):
            found = result.get("data", result.get("images"))
            if "entries" in result:
                return [entry["data"]["as_trained"] for entry in result["entries"]]
            return [entry["as_trained"] for entry in (found if isinstance(found, list) else [found])]

        for same in (True, False):
            for name, verb in verbs.items():
                done = self.works(*verb, "--json", *OFFLINE)
                self.assertEqual(set(told(json.loads(done.stdout))), {same}, name)
                self.assertEqual("other images" not in done.stderr, same, f"{name}: {done.stderr}")
            self.change("train-images-idx3-ubyte", 700)
        self.change("train-images-idx3-ubyte", 700)
        # Other images on purpose: told all the same.
        self.assertIn("other images", self.works("eval", one, "--samples", 2, "--data", self.data, *OFFLINE).stderr)


class Owner(RunTest):
    def locked(self, folder, name, how=fcntl.LOCK_EX):
        file = open(folder / name, "a+")
        self.addCleanup(file.close)
        fcntl.flock(file, how | fcntl.LOCK_NB)
        return file

    def test_a_second_writer_is_refused_and_readers_are_free(self):
        one = self.train("one")
        before = {path: path.read_bytes() for path in one.rglob("*") if path.is_file()}
        holder = self.locked(one, ".training.lock")
        holder.truncate(0)
        holder.write("process 4711 on host elsewhere since then\n")
        holder.flush()
        pruned = self.folder / "50.h5"
        self.works("prune", one, "--sparsity", 0.5, "--out", pruned, *OFFLINE)
        self.works("export", one, "--to", "safetensors", "--out", self.folder / "one.safetensors")
        for arguments in (self.resume(one), self.arguments("one", "--overwrite"),
                          ["finetune", pruned, "--run", one, "--overwrite", *OFFLINE],
                          ["finetune", "--resume", "--run", one, *OFFLINE],
                          ["import", self.folder / "one.safetensors", "--run", one, "--overwrite"]):  # fmt: skip
            self.fails(3, "process 4711 on host elsewhere", arguments=arguments)
        for path, content in before.items():
            if not path.name.endswith(".lock"):
                self.assertEqual(content, path.read_bytes(), path)
        for verb in (["eval", one, "--samples", 2, *OFFLINE], ["kappa", one, "--epoch", "last", *OFFLINE],
                     ["transition", one], ["report", one], ["check", one]):  # fmt: skip
            self.works(*verb)
        holder.close()
        self.works(*self.resume(one, "--epochs", 4))  # the file alone locks nothing

    def test_members_are_locked_too(self):
        two = self.train("two", "--members", 2)
        self.cut(two / "members/01", 1)
        holder = self.locked(two / "members/01", ".training.lock")
        self.fails(3, "members/01", arguments=self.resume(two))
        holder.close()
        holder = self.locked(two, ".training.lock")
        self.fails(3, "is writing to this run", arguments=self.resume(two))
        holder.close()
        self.works(*self.resume(two))

    def test_members_in_use_are_not_replaced(self):
        two = self.train("two", "--members", 2)
        before = {path: path.read_bytes() for path in two.rglob("*.h5")}
        for name, how in ((".training.lock", fcntl.LOCK_EX), (".analysis.lock", fcntl.LOCK_SH)):
            holder = self.locked(two / "members/01", name, how)
            for more in (["--members", 2], []):
                self.fails(3, "members/01", arguments=self.arguments("two", *more, "--overwrite"))
            self.assertEqual(before, {path: path.read_bytes() for path in two.rglob("*.h5")})
            holder.close()
        self.train("two", "--members", 2, "--overwrite", "--epochs", 1)

    def test_a_refused_writer_takes_no_lock_away(self):
        for name in ("one", "made"):
            one = self.folder / name
            one.mkdir()
            holder = self.locked(one, ".training.lock")
            self.fails(3, "is writing", arguments=self.arguments(name))
            self.assertTrue((one / ".training.lock").exists())
            holder.close()
            shutil.rmtree(one)
        # A link in a lock's place does not lead it to another file.
        one.mkdir()
        mine = self.folder / "mine"
        mine.write_text("mine")
        (one / ".training.lock").symlink_to(mine)
        self.fails(3, ".training.lock", arguments=self.arguments(name))
        self.assertEqual(mine.read_text(), "mine")

    def test_only_runs_are_locked_and_tidied(self):
        """A pruned file lies in somebody's project, which has a config.json and files of odd names."""
        one = self.train("one")
        project = self.folder / "project"
        (project / "models/pruned").mkdir(parents=True)
        (project / "config.json").write_text('{"their": 1}')
        theirs = [project / ".a.tmp.999999", project / "models/.b.tmp.999999", one / ".mine/.c.tmp.999999", one / "mine/.d.tmp.999999"]
        for path in theirs:
            path.parent.mkdir(exist_ok=True)
            path.write_text("theirs")
            os.utime(path, (1, 1))
        for place in ("models/50.h5", "models/pruned/50.h5"):
            self.works("prune", one, "--sparsity", 0.5, "--out", project / place, *OFFLINE)
            self.works("prune", project / place, "--sparsity", 0.6, "--out", self.folder / "60.h5", "--overwrite", *OFFLINE)
        for verb in (["report", one], self.resume(one, "--epochs", 4), self.arguments("one", "--overwrite")):
            self.works(*verb)
        self.assertEqual([path for path in theirs if not path.exists()], [])
        self.assertEqual(list(project.rglob(".*.lock")), [])

    def test_a_run_that_is_analysed_is_not_replaced(self):
        one = self.train("one")
        analysis = self.locked(one, ".analysis.lock", fcntl.LOCK_SH)
        self.fails(3, "is going on", arguments=self.arguments("one", "--overwrite"))
        self.assertTrue((one / "checkpoints/epoch_0003.h5").exists())
        self.works("kappa", one, "--epoch", "last", *OFFLINE)  # beside the other one
        analysis.close()
        self.train("one", "--overwrite", "--epochs", 1)

    def test_two_at_once_make_one_run(self):
        processes = [subprocess.Popen([PROGRAM, *map(str, self.arguments("one", "--epochs", 12, "--seed", seed))],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                     for seed in (1, 2, 3)]  # fmt: skip
        said = [process.communicate()[1] for process in processes]
        codes = sorted(process.returncode for process in processes)
        self.assertEqual(codes[0], 0, said)
        self.assertTrue(set(codes[1:]) <= {2, 3}, said)  # while it trained, or after it
        seed = json.loads((self.folder / "one/config.json").read_text())["train"]["seed"]
        for path in (self.folder / "one/checkpoints").iterdir():
            with h5py.File(path) as file:
                self.assertEqual(json.loads(file.attrs["config"].decode())["train"]["seed"], seed)
        self.assertEqual([row["epoch"] for row in metrics_of(self.folder / "one")], [str(n) for n in range(13)])

    def test_a_checkpoint_of_another_training_is_refused_by_name(self):
        one = self.train("one")
        two = self.train("two", "--seed", 2, "--learning-rate", 0.01)
        for name in ("interrupted.h5", "epoch_0003.h5"):
            shutil.copytree(one, self.folder / "mixed")
            mixed = self.folder / "mixed"
            if name == "interrupted.h5":
                self.cut(mixed, 1)
            shutil.copy(two / "checkpoints/epoch_0003.h5", mixed / "checkpoints" / name)
            self.fails(2, name, "train.seed", "2 in the checkpoint, 1 in config.json", "learning_rate",
                       arguments=self.resume(mixed, "--epochs", 5))  # fmt: skip
            if name != "interrupted.h5":
                for verb in ("kappa", "sweep", "eval"):
                    self.fails(2, name, "train.seed", arguments=[verb, mixed, "--epoch", "last", *OFFLINE])
                self.fails(2, name, "train.seed", arguments=["prune", mixed, "--sparsity", 0.5, *OFFLINE])
                self.fails(2, name, "train.seed", arguments=["export", mixed, "--to", "safetensors"])
            shutil.rmtree(mixed)

    def test_what_may_change_between_stop_and_resume(self):
        one = self.train("one")
        whole = arrays(one / "checkpoints/epoch_0003.h5")
        self.cut(one, 1)
        path = one / "config.json"
        kept = path.read_text()

        def edit(part, field, value):
            config = json.loads(kept)
            config[part][field] = value
            path.write_text(json.dumps(config))

        for part, field, value in (("train", "batch_size", 10), ("train", "optimizer", "sgd"), ("train", "epochs", 5),
                                   ("train", "learning_rate", 0.5), ("train", "deterministic", False), ("train", "seed", 9),
                                   ("data", "train_limit", 100), ("data", "validation", 0.1), ("data", "normalize", "standard"),
                                   ("network", "classes", 5)):  # fmt: skip
            edit(part, field, value)
            self.fails(2, f"{part}.{field}", "epoch_0001.h5", arguments=self.resume(one))
        config = json.loads(kept)
        config["network"]["layers"][0]["dense"]["out"] = 13
        path.write_text(json.dumps(config))
        self.fails(2, "network.layers.0.dense.out: 12 in the checkpoint, 13", arguments=self.resume(one))
        edit("train", "evaluate_every", 2)
        self.assertIn("train.evaluate_every: 2, was 1", self.works(*self.resume(one)).stderr)
        self.assertIn("train.evaluate_every: 2, was 1", (one / "log.txt").read_text())
        self.assertEqual(whole, arrays(one / "checkpoints/epoch_0003.h5"))
        path.write_text("[1, 2]")
        self.fails(2, "config.json", arguments=self.resume(one))


class Replacing(RunTest):
    def test_only_runs_are_replaced(self):
        for name, content in (("config.json", '{"model_type": "bert"}'), ("config.json", "{}"), ("config.json", "[]"),
                              ("members.json", "{}"), ("run.json", "{}"), ("run.json", '{"varphase_run": "x"}'),
                              ("notes.txt", "")):  # fmt: skip
            theirs = self.folder / "theirs"
            for part in ("checkpoints", "exports", "pruned"):
                (theirs / part).mkdir(parents=True)
                (theirs / part / "model.h5").write_bytes(b"theirs")
            (theirs / "report.html").write_text("theirs")
            (theirs / name).write_text(content)
            before = {path: path.read_bytes() for path in theirs.rglob("*") if path.is_file()}
            self.fails(2, "--overwrite replaces runs alone", arguments=self.arguments("theirs", "--overwrite"))
            self.assertEqual(before, {path: path.read_bytes() for path in theirs.rglob("*") if path.is_file()})
            shutil.rmtree(theirs)

    def test_a_run_of_a_newer_layout_is_left_alone(self):
        one = self.train("one")
        (one / "run.json").write_text('{"varphase_run": 99, "new": 1}')
        self.fails(2, "--overwrite", arguments=self.arguments("one", "--overwrite"))
        self.assertTrue((one / "checkpoints/epoch_0003.h5").exists())

    def test_foreign_files_in_a_run_stay(self):
        one = self.train("one")
        self.works("kappa", one, *OFFLINE)
        self.works("sweep", one, "--samples", 2, "--sparsities", 0.5, *OFFLINE)
        self.works("prune", one, "--sparsity", 0.5, "--out", one / "pruned/50.h5", *OFFLINE)
        self.works("eval", one / "pruned/50.h5", "--samples", 2, *OFFLINE)
        self.works("export", one, "--to", "safetensors")
        self.works("export", one, "--to", "onnx")
        for verb in ("transition", "report"):
            self.works(verb, one)
        theirs = ["report.html", "transition.json", "kappa/histogram.csv", "notes.txt", "checkpoints/epoch_1.h5", "checkpoints/mine/epoch_0001.h5", "kappa/plot.png", "pruned/theirs.h5",
                  "exports/theirs.onnx", "evaluations/theirs.json", "sweeps/notes.csv", "mine/epoch_0001.h5"]  # fmt: skip
        for name in theirs:
            (one / name).parent.mkdir(exist_ok=True)
            (one / name).write_text('{"theirs": 1}')
        done = self.works(*self.arguments("one", "--overwrite", "--epochs", 1))
        self.assertIn(f"{len(theirs)} files that are not this program's stay", done.stderr)
        found = {str(path.relative_to(one)) for path in one.rglob("*") if path.is_file() and not path.name.endswith(".lock")}
        new = {"run.json", "config.json", "environment.json", "metrics.csv", "log.txt", "checkpoints/epoch_0000.h5", "checkpoints/epoch_0001.h5"}
        self.assertEqual(found, new | set(theirs))

    def test_a_linked_checkpoints_folder_is_not_emptied(self):
        one = self.train("one")
        real = self.folder / "scratch"
        (one / "checkpoints").rename(real)
        (one / "checkpoints").symlink_to(real)
        before = sorted(real.iterdir())
        self.fails(2, "checkpoints", arguments=self.arguments("one", "--overwrite"))
        self.assertEqual(before, sorted(real.iterdir()))
        self.works(*self.resume(one, "--epochs", 4))  # and it works as a run

    def test_names_that_anybody_uses_make_no_run(self):
        for name in ("log.txt", "metrics.csv", "report.html", "environment.json", "transition.csv"):
            mine = self.folder / "mine"
            mine.mkdir()
            (mine / name).write_text("mine")
            self.fails(2, "something already", arguments=self.arguments("mine"))
            self.fails(2, "replaces runs alone", arguments=self.arguments("mine", "--overwrite"))
            self.assertEqual((mine / name).read_text(), "mine")
            shutil.rmtree(mine)

    def test_results_without_checkpoints_are_something(self):
        one = self.train("one")
        for name in ("checkpoints/epoch_0000.h5", "checkpoints/epoch_0001.h5", "checkpoints/epoch_0002.h5", "checkpoints/epoch_0003.h5"):
            (one / name).unlink()
        metrics = (one / "metrics.csv").read_text()
        self.fails(2, "something already", arguments=self.arguments("one"))
        self.fails(3, "no checkpoint to resume from", arguments=self.resume(one))
        (one / "checkpoints/interrupted.h5").write_bytes(b"damaged")  # alone, it is no beginning either
        self.fails(3, "no checkpoint to resume from", arguments=self.resume(one))
        self.assertEqual(metrics, (one / "metrics.csv").read_text())
        self.train("one", "--overwrite")

    def test_what_links_lead_to_stays(self):
        two = self.train("two", "--members", 2)
        for place in ("members/01", "members/01/checkpoints", "pruned"):
            real = self.folder / "real"
            if not (two / place).exists():
                shutil.copytree(two / "members/00", two / place)
            (two / place).rename(real)
            (two / place).symlink_to(real)
            before = {path: path.read_bytes() for path in real.rglob("*") if path.is_file()}
            self.fails(2, place, "is a link", arguments=self.arguments("two", "--members", 2, "--overwrite"))
            self.assertEqual(before, {path: path.read_bytes() for path in real.rglob("*") if path.is_file()})
            (two / place).unlink()
            real.rename(two / place)
        # A link in the place of a file goes, or the next run would have a checkpoint of this one.
        one = self.train("one")
        for name in ("checkpoints/epoch_0003.h5", "metrics.csv"):
            real = self.folder / "real"
            (one / name).rename(real)
            (one / name).symlink_to(real)
            content = real.read_bytes()
            self.train("one", "--overwrite", "--epochs", 1)
            self.assertEqual(content, real.read_bytes())
            self.assertFalse((one / name).is_symlink())
            self.assertEqual([row["epoch"] for row in metrics_of(one)], list("01"))
            self.train("one", "--overwrite")

    def test_a_run_within_a_run_stays(self):
        one = self.train("one")
        pruned = one / "pruned/50.h5"
        self.works("prune", one, "--sparsity", 0.5, "--out", pruned, *OFFLINE)
        inner = one / "pruned/tuned"
        self.works("finetune", pruned, "--epochs", 1, "--run", inner, *OFFLINE)
        before = {path: path.read_bytes() for path in inner.rglob("*") if path.is_file()}
        self.train("one", "--overwrite")
        self.assertFalse(pruned.exists())
        self.assertEqual(before, {path: path.read_bytes() for path in inner.rglob("*") if path.is_file()})

    def test_what_stays_keeps_nothing_from_being_replaced(self):
        """A foreign file in the way: after a failure, and in a member."""
        full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
        one = self.train("one")
        (one / "notes.txt").write_text("mine")
        self.assertEqual(run(*self.arguments("one", "--overwrite"), preexec_fn=full).returncode, 3)
        self.train("one", "--overwrite")
        two = self.train("two", "--members", 2)
        for member in ("00", "01"):
            (two / "members" / member / "notes.txt").write_text("mine")
        self.train("two", "--members", 2, "--overwrite", "--epochs", 1)
        self.assertEqual((two / "members/01/notes.txt").read_text(), "mine")

    def test_a_replacing_killed_anywhere_leaves_a_run_that_is_replaced(self):
        one = self.train("one")
        self.works("report", one)
        (one / "notes.txt").write_text("mine")
        for gone in (["config.json"], ["config.json", "checkpoints"], ["config.json", "checkpoints", "metrics.csv"]):
            for name in gone:
                path = one / name
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            self.assertNotEqual(run(*self.resume(one)).returncode, 0)
            self.train("one", "--overwrite")
        # A run of an older version is one at every moment too.
        (one / "run.json").unlink()
        full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        done = run(*self.arguments("one", "--overwrite"), preexec_fn=full)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertTrue((one / "checkpoints/epoch_0003.h5").exists())
        self.train("one", "--overwrite")

    def test_outputs_replace_nothing_unless_told(self):
        one = self.train("one")
        mine = self.folder / "mine.json"
        for verb in (["eval", one, "--samples", 2, *OFFLINE], ["report", one]):
            mine.write_text("mine")
            self.fails(2, "--overwrite", arguments=[*verb, "--out", mine])
            self.assertEqual(mine.read_text(), "mine")
            self.works(*verb, "--out", mine, "--overwrite")
            self.assertNotEqual(mine.read_text(), "mine")

    def test_an_empty_name_is_no_folder(self):
        here = self.train("here")
        before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
        for arguments in (["train", "--network", self.spec, "--data", self.data, "--overwrite", *OFFLINE, "--run", ""], ["train", "--resume", "--run", "", *OFFLINE],
                          ["kappa", "", *OFFLINE], ["transition", ""], ["report", ""], ["eval", "", *OFFLINE],
                          ["finetune", "--resume", "--run", "", *OFFLINE], ["sweep", "", *OFFLINE]):  # fmt: skip
            done = run(*arguments, cwd=here)
            self.assertIn(done.returncode, (2, 3), f"{arguments}: {done.stdout}{done.stderr}")
        self.assertEqual(before, {path: path.read_bytes() for path in here.rglob("*") if path.is_file()})


class Beginning(RunTest):
    def test_what_fails_is_taken_away_again(self):
        broken = idx_folder(self.folder / "broken")
        (broken / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03")
        wrong = self.folder / "wrong.json"
        wrong.write_text(json.dumps(tiny_spec(9)))
        full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
        for more, how in ((["--data", broken], {}), (["--network", wrong], {}), (["--batch-size", 5000], {}),
                          ([], {"preexec_fn": full}), (["--members", 2], {"preexec_fn": full}), (["--device", "cuda:77"], {}),
                          (["--init", self.folder / "none.h5"], {})):  # fmt: skip
            for name in ("one", "deep/er/one"):
                done = run(*self.arguments(name, *more), **how)
                self.assertNotIn(done.returncode, (0, 1), done.stderr)
                self.assertFalse((self.folder / name).exists(), f"{more}: {list(self.folder.rglob('*'))}")
                self.assertFalse((self.folder / "deep").exists())
        # A folder that was there stays, empty as it was.
        empty = self.folder / "empty"
        empty.mkdir()
        run(*self.arguments("empty"), preexec_fn=full)
        self.assertEqual(list(empty.iterdir()), [])
        self.train("empty")

    def test_a_training_killed_before_its_first_checkpoint_is_no_run(self):
        whole = self.train("whole")
        marker, config = ((whole / name).read_text() for name in ("run.json", "config.json"))
        early = [{}, {".training.lock": ""}, {"checkpoints": None}, {".training.lock": "", "run.json": marker},
                 {"run.json": marker, "config.json": config}, {"run.json": marker, ".config.json.tmp.999999": "{"},
                 {"run.json": marker, "config.json": config, "checkpoints": None, "log.txt": "", "metrics.csv": "epoch\n0\n",
                  "environment.json": "{}"}]  # fmt: skip
        for left in early:
            one = self.folder / "one"
            one.mkdir()
            for name, text in left.items():
                (one / name).mkdir() if text is None else (one / name).write_text(text)
            if "config.json" in left:
                shutil.copytree(one, self.folder / "again")
                self.works(*self.resume(self.folder / "again"))
                self.same_checkpoints(whole, self.folder / "again")
                self.assertEqual([row["epoch"] for row in metrics_of(self.folder / "again")], list("0123"))
                shutil.rmtree(self.folder / "again")
            self.train("one")
            self.same_checkpoints(whole, one)
            shutil.rmtree(one)

    def test_a_finetuning_killed_early_begins_with_its_pruned_file(self):
        one = self.train("one")
        pruned = self.folder / "50.h5"
        self.works("prune", one, "--sparsity", 0.5, "--out", pruned, *OFFLINE)
        tune = ["finetune", pruned, "--epochs", 2, *OFFLINE, "--run"]
        self.works(*tune, self.folder / "whole")
        self.works(*tune, self.folder / "cut")
        cut = self.folder / "cut"
        for path in (cut / "checkpoints").iterdir():
            path.unlink()
        rows = (cut / "metrics.csv").read_text().splitlines()
        (cut / "metrics.csv").write_text("\n".join(rows[:2]) + "\n")
        self.works("finetune", "--resume", "--run", cut, *OFFLINE)
        self.same_checkpoints(self.folder / "whole", cut)

    def test_the_first_row_is_there_once(self):
        one = self.train("one")
        self.cut(one, 0)
        self.works(*self.resume(one))
        self.assertEqual([row["epoch"] for row in metrics_of(one)], list("0123"))


class BesideOthers(RunTest):
    def test_a_folder_of_another_tool_s_is_not_written_to(self):
        theirs = self.folder / "theirs"
        (theirs / "checkpoints").mkdir(parents=True)
        (theirs / "config.json").write_text('{"model_type": "bert"}')
        one = self.train("one")
        shutil.copy(one / "checkpoints/epoch_0003.h5", theirs / "checkpoints/epoch_0003.h5")
        before = sorted(theirs.rglob("*"))
        self.fails(2, "config.json", arguments=self.resume(theirs))
        self.assertEqual(before, sorted(theirs.rglob("*")))
        # Our file brings its own configuration: what lies beside it says nothing of it.
        self.works("eval", theirs / "checkpoints/epoch_0003.h5", "--samples", 2, *OFFLINE)

    def test_finetune_says_that_images_changed(self):
        one = self.train("one")
        pruned = self.folder / "50.h5"
        self.works("prune", one, "--sparsity", 0.5, "--out", pruned, *OFFLINE)
        tune = ["finetune", pruned, "--epochs", 1, *OFFLINE, "--run"]
        self.assertNotIn("other images", self.works(*tune, self.folder / "same").stderr)
        shutil.rmtree(self.data)
        idx_folder(self.data, seed=5)
        self.assertIn("other images", self.works(*tune, self.folder / "other").stderr)

    def test_kappa_of_epochs_on_two_sets_of_images_says_so(self):
        one = self.train("one")
        self.works("kappa", one, *OFFLINE)
        self.cut(one, 1)
        moved = self.folder / "first"
        self.data.rename(moved)
        idx_folder(self.data, seed=5)
        self.works(*self.resume(one, "--accept-changed-data"))
        for data in (self.data, moved):
            done = self.works("kappa", one, "--data", data, "--json", *OFFLINE)
            self.assertIn("other images", done.stderr)
            self.assertIs(json.loads(done.stdout)["data"]["as_trained"], False)

    def test_a_longer_run_s_schedule_is_not_changed_by_hand(self):
        one = self.train("one")
        self.works(*self.resume(one, "--epochs", 5))
        self.cut(one, 4)
        path = one / "config.json"
        kept = path.read_text()
        for field, value in (("extension", "constant"), ("extended_from", 2), ("epochs", 7)):
            config = json.loads(kept)
            config["train"][field] = value
            path.write_text(json.dumps(config))
            self.fails(2, f"train.{field}", arguments=self.resume(one))
        path.write_text(kept)
        self.works(*self.resume(one))

    def test_images_named_by_hand_are_looked_at_there(self):
        one = self.train("one")
        self.cut(one, 1)
        other = idx_folder(self.folder / "other", seed=5)
        path = one / "config.json"
        config = json.loads(path.read_text())
        config["data"]["data"] = str(other)
        path.write_text(json.dumps(config))
        self.fails(2, "other images", str(other), arguments=self.resume(one))
        self.fails(2, "--resume goes on", arguments=["train", "--run", one, "--epochs", 9])

    def test_names_of_classes_are_json(self):
        one = self.train("one", "--class-names", '["a\\"b", "caf\\u00e9", "c", "d"]')
        self.assertEqual(json.loads((one / "config.json").read_text())["data"]["class_names"], ['a"b', "caf\u00e9", "c", "d"])


    def test_a_run_s_own_files_are_no_place_for_results(self):
        one = self.train("one")
        before = {path: path.read_bytes() for path in one.rglob("*") if path.suffix in (".h5", ".json", ".csv")}
        last = one / "checkpoints/epoch_0003.h5"
        for arguments in (["export", one, "--to", "safetensors", "--out", one / "config.json"],
                          ["prune", one, "--sparsity", 0.5, "--out", last, *OFFLINE],
                          ["prune", one, "--sparsity", 0.5, "--out", one / "checkpoints/new.h5", *OFFLINE],
                          ["report", one, "--out", one / "metrics.csv"],
                          ["eval", one, "--samples", 2, "--out", one / "run.json", *OFFLINE]):  # fmt: skip
            self.fails(2, "the run's training", arguments=[*arguments, "--overwrite"])
        self.assertEqual(before, {path: path.read_bytes() for path in before})
        pruned = self.folder / "50.h5"
        self.works("prune", one, "--sparsity", 0.5, "--out", pruned, *OFFLINE)
        again = ["prune", pruned, "--sparsity", 0.6, "--out", pruned, "--overwrite", *OFFLINE]
        self.fails(2, "what is pruned", arguments=again)

    def test_a_link_to_nothing_stays(self):
        for name in ("one", "one/deeper"):
            link = self.folder / "one"
            link.symlink_to("nowhere")
            for more in ((), ("--overwrite",)):
                self.fails(3, "link", arguments=self.arguments(name, *more))
                self.assertTrue(link.is_symlink())
            link.unlink()

    def test_check_names_a_checkpoint_of_another_training(self):
        one, two = self.train("one"), self.train("two", "--seed", 2)
        shutil.copy(two / "checkpoints/epoch_0003.h5", one / "checkpoints/epoch_0003.h5")
        done = run("check", one)
        self.assertEqual(done.returncode, 3)
        self.assertIn("train.seed", done.stdout)
        self.assertIn("3 whole, 1 not", done.stdout)

    def test_readers_that_go_end_nothing(self):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as gone:
            done = subprocess.run([PROGRAM, *map(str, self.arguments("one"))], stdout=subprocess.DEVNULL, stderr=gone)
            self.assertEqual(done.returncode, 0)
            one = self.folder / "one"
            self.assertTrue((one / "checkpoints/epoch_0003.h5").exists())
            for verb in (["check", one], ["inspect", one / "checkpoints/epoch_0003.h5"], ["eval", one, "--samples", 2, *OFFLINE]):
                done = subprocess.run([PROGRAM, *map(str, verb)], stdout=gone, stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 3, verb)
                self.assertIn("stdout: not written", done.stderr)


class GoingOn(RunTest):
    def begin(self, *arguments, until, **more):
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more)
        deadline = time.monotonic() + 120
        while not until() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.005)
        return process

    def rows(self, folder):
        return len(metrics_of(folder)) if (folder / "metrics.csv").exists() else 0

    def test_what_was_saved_goes_when_something_newer_is_on_the_disk(self):
        big = idx_folder(self.folder / "big", train=6000)
        arguments = self.arguments("one", "--epochs", 30, "--every", 30, data=big)
        whole = self.train("whole", "--epochs", 30, "--every", 30, data=big)
        one = self.folder / "one"
        process = self.begin(*arguments, until=lambda: self.rows(one) > 3)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 130, process.stderr.read())
        process.stderr.close()
        saved = one / "checkpoints/interrupted.h5"
        self.assertTrue(saved.exists())
        with h5py.File(saved) as file:
            step = file.attrs["step"]
        rows = self.rows(one)
        process = self.begin(*self.resume(one), until=lambda: self.rows(one) > rows + 2)
        process.kill()
        process.communicate()
        with h5py.File(saved) as file:
            self.assertEqual(step, file.attrs["step"])
        done = self.works(*self.resume(one))
        self.assertIn(f"where it was stopped (epoch {step // 300}, step {step})", done.stderr)
        self.assertFalse(saved.exists())
        self.same_checkpoints(whole, one)

    def test_the_furthest_state_that_can_be_read_is_taken(self):
        one = self.train("one")
        whole = self.train("whole")
        saved = one / "checkpoints/interrupted.h5"
        shutil.copy(one / "checkpoints/epoch_0001.h5", saved)  # older than what is there
        self.cut(one, 2)
        shutil.copy(one / "checkpoints/epoch_0001.h5", saved)
        self.assertIn("resuming from epoch_0002.h5", self.works(*self.resume(one)).stderr)
        self.assertFalse(saved.exists())
        self.same_checkpoints(whole, one)
        self.cut(one, 2)
        saved.write_bytes((one / "checkpoints/epoch_0001.h5").read_bytes()[:-40])  # damaged
        done = self.works(*self.resume(one))
        self.assertIn("interrupted.h5", done.stderr)
        self.same_checkpoints(whole, one)

    def test_a_damaged_table_begins_anew(self):
        one = self.train("one")
        for content in (b"\0\xff\n1,2\n", b"", b"1,2\n"):
            self.cut(one, 2)
            (one / "metrics.csv").write_bytes(content)
            self.assertIn("metrics.csv: is damaged", self.works(*self.resume(one)).stderr)
            self.assertEqual([row["epoch"] for row in metrics_of(one)], ["3"])

    def test_signals_that_end_a_session_save(self):
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            one = self.folder / number.name
            process = self.begin(*self.arguments(number.name, "--epochs", 3000), until=lambda: self.rows(one) > 1)
            process.send_signal(number)
            self.assertEqual(process.wait(), 130, number)
            process.stderr.close()
            self.assertTrue((one / "checkpoints/interrupted.h5").exists())
        ignored = self.folder / "nohup"
        ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
        process = self.begin(*self.arguments("nohup", "--epochs", 60), until=lambda: self.rows(ignored) > 1, preexec_fn=ignore)
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(), 0)
        process.stderr.close()

    def test_a_reader_that_goes_ends_no_training(self):
        process = subprocess.Popen([PROGRAM, *map(str, self.arguments("one", "--epochs", 6))], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(), 3, said)  # the table is lost, and that is said
        self.assertTrue((self.folder / "one/checkpoints/epoch_0006.h5").exists())

    def test_a_run_is_made_longer(self):
        rate = lambda folder: [float(row["learning_rate"]) for row in metrics_of(folder)][1:]
        one = self.train("one", "--epochs", 4, "--learning-rate", 0.01)
        self.assertEqual([round(value, 6) for value in rate(one)], [0.01, 0.0075, 0.005, 0.0025])
        first = (one / "checkpoints/epoch_0004.h5").read_bytes()
        done = self.works(*self.resume(one))
        self.assertIn("all of its 4 epochs are trained", done.stdout)
        self.assertIn("--epochs", done.stdout)
        held = self.folder / "held"
        shutil.copytree(one, held)

        self.works(*self.resume(one, "--epochs", 8))
        # Linear over eight epochs, from the fifth on.
        self.assertEqual([round(value, 6) for value in rate(one)][4:], [0.005, 0.00375, 0.0025, 0.00125])
        self.assertEqual(first, (one / "checkpoints/epoch_0004.h5").read_bytes())
        config = json.loads((one / "config.json").read_text())["train"]
        self.assertEqual([config["epochs"], config["extended_from"]], [8, 4])
        self.works(*self.resume(held, "--epochs", 6, "--extension", "constant"))
        self.works(*self.resume(held, "--epochs", 8, "--extension", "constant"))
        self.assertEqual([round(value, 6) for value in rate(held)], [0.01, 0.0075, 0.005] + [0.0025] * 5)
        for folder in (one, held):
            for verb in (["kappa", folder, *OFFLINE], ["transition", folder], ["check", folder]):
                self.works(*verb)
        # A longer run that is cut goes on with the same bits.
        whole = arrays(held / "checkpoints/epoch_0008.h5")
        self.cut(held, 6)
        self.works(*self.resume(held))
        self.assertEqual(whole, arrays(held / "checkpoints/epoch_0008.h5"))

        self.fails(2, "not shorter", arguments=self.resume(one, "--epochs", 7))
        self.fails(2, "--epochs", arguments=self.resume(one, "--extension", "constant"))
        self.fails(2, "train.seed", arguments=self.resume(one, "--seed", 2))
        self.fails(2, "--resume", arguments=self.resume(one, "--overwrite"))

    def test_members_are_made_longer(self):
        two = self.train("two", "--members", 2)
        self.works(*self.resume(two, "--epochs", 5))
        for member in ("00", "01"):
            self.assertTrue((two / f"members/{member}/checkpoints/epoch_0005.h5").exists())
            self.works(*self.resume(two / "members" / member))
        self.assertIn("all of its 5 epochs", self.works(*self.resume(two)).stdout)

        # Whoever finds them all trained needs no images.
        self.data.rename(self.folder / "away")
        self.assertIn("std. dev.", self.works(*self.resume(two)).stdout)

    def test_a_member_made_longer_by_itself_is_told_apart_from_damage(self):
        two = self.train("two", "--members", 2)
        self.works(*self.resume(two / "members/00", "--epochs", 5))
        done = self.fails(2, "members/00", "--resume --epochs 5", arguments=self.resume(two))
        self.assertNotIn("delete", done.stderr)
        self.works(*self.resume(two, "--epochs", 5))
        self.assertTrue((two / "members/01/checkpoints/epoch_0005.h5").exists())

    def test_what_a_kill_left_to_be_dropped_is_dropped(self):
        one = self.train("one", "--members", 2)
        with h5py.File(one / "members/00/checkpoints/epoch_0002.h5") as file:
            self.assertIn("optimizer", file)
        for folder in (one / "members/00", one):
            path = folder / ("members.json" if folder == one else "config.json")
            config = json.loads(path.read_text())
            config.get("config", config)["train"]["keep_optimizer"] = 1
            path.write_text(json.dumps(config))
            self.works(*self.resume(folder))
        for member in ("00", "01"):
            for epoch in range(4):
                with h5py.File(one / f"members/{member}/checkpoints/epoch_{epoch:04}.h5") as file:
                    self.assertEqual("optimizer" in file, epoch == 3, (member, epoch))

    def test_gradual_pruning_ends_where_it_was_planned(self):
        one = self.train("one", "--epochs", 4, "--prune-sparsity", 0.5)
        self.works(*self.resume(one, "--epochs", 6))
        self.assertEqual([row["sparsity/variance_dense1" if "sparsity/variance_dense1" in row else
                              next(key for key in row if key.startswith("sparsity/"))] for row in metrics_of(one)][4:],
                         ["0.5"] * 3)  # fmt: skip

    def test_what_killed_writers_leave_is_no_damage_and_goes(self):
        one = self.train("one")
        self.works("kappa", one, "--epoch", "last", *OFFLINE)
        left = [one / name for name in ("kappa/.epoch_0003.h5.tmp.999999", "checkpoints/.epoch_0003.h5.tmp.999999", ".report.html.tmp.999999")]
        for path in left:
            path.write_bytes(b"half")
            os.utime(path, (1, 1))
        self.assertIn("3 temporary", self.works("check", one).stdout)
        self.works("transition", one)
        self.assertEqual([path for path in left if path.exists()], [])
        # Another machine may be writing one just now.
        left[0].write_bytes(b"half")
        self.works("transition", one)
        self.assertTrue(left[0].exists())


if __name__ == "__main__":
    unittest.main()
