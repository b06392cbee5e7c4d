# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""attack: the counts of torchattacks and foolbox, PyTorch's images, interrupted, transferred, its sanity; bad input.

    PYTHONPATH=tests/tools attack_test.py PROGRAM
"""

import atexit
import functools
import json
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy as np
import torch
from safetensors.torch import load_file, save_file

import attack_counts
from program import OFFLINE, PROGRAM, ProgramTest, arrays, idx, run, small_run


@functools.cache
def counted():
    """Runs of the network that the two libraries attacked, as it is and with logits 10,000 times as large, and its images."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-attack-"))
    atexit.register(shutil.rmtree, folder)
    data = folder / "data"
    data.mkdir()
    for name, (count, seed) in (("train", (200, 2)), ("t10k", (1000, 3))):
        pixels, labels = attack_counts.images(count, seed)
        idx(data / f"{name}-images-idx3-ubyte", pixels)
        idx(data / f"{name}-labels-idx1-ubyte", labels)
    (folder / "spec.json").write_text(json.dumps(attack_counts.SPEC))
    weights = load_file(attack_counts.HERE / "attack_counts.safetensors")
    for name, factor in (("plain", 1), ("saturated", 1e4)):
        scaled = {key: value * factor if key.startswith("dense1") else value for key, value in weights.items()}
        save_file(scaled, folder / f"{name}.safetensors")
        done = run("import", folder / f"{name}.safetensors", "--network", folder / "spec.json", "--data", data,
                   "--run", folder / name)  # fmt: skip
        assert done.returncode == 0, done.stderr
    return folder


class Attack(ProgramTest):
    def attacked(self, *arguments):
        return json.loads(self.works("attack", *arguments, "--json", *OFFLINE).stdout)

    def last(self, result, judge=0):
        return result["judges"][judge]["rows"][-1]

    def test_successes_are_those_of_torchattacks_and_foolbox(self):
        wanted = json.loads((attack_counts.HERE / "attack_counts.json").read_text())
        for row in wanted["attacks"]:
            method = {"fgsm": "fgsm", "bim": "ifgsm" if row["norm"] == "linf" else "pgd-l2"}[row["method"]]
            more = [] if method == "fgsm" else ["--step", f"{row['step']}px", "--steps", row["steps"], "--start", "image"]
            got = self.attacked(counted() / "plain", "--method", method, "--epsilon", f"{row['epsilon']}px",
                                "--target", row.get("target", "none"), *more)  # fmt: skip
            self.assertEqual(self.last(got)["successes"], row["torchattacks"], row)
            self.assertEqual(self.last(got)["successes"], row["foolbox"], row)
            self.assertEqual(got["gradients"], 1000 * row.get("steps", 1))
            if "target" not in row:
                self.assertEqual(got["judges"][0]["rows"][0]["successes"], 1000 - wanted["right"])

    def test_images_are_those_of_a_pytorch_loop(self):
        weights = load_file(attack_counts.HERE / "attack_counts.safetensors")
        net = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(150, 10))
        for layer, name in ((net[0], "conv1"), (net[4], "dense1")):
            layer.weight.data, layer.bias.data = weights[f"{name}.weight"], weights[f"{name}.bias"]
        pixels, labels = attack_counts.images(1000, 3)
        centre, y = torch.tensor(pixels[:100, None]).double(), torch.tensor(labels[:100])
        net.double()
        for method, l2 in (("ifgsm", False), ("pgd-l2", True)):
            x = centre.clone()
            for _ in range(5):
                x.requires_grad_(True)
                (g,) = torch.autograd.grad(torch.nn.functional.cross_entropy(net(x / 255), y, reduction="sum"), x)
                with torch.no_grad():
                    length = g.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
                    moved = x + (20 * g / length if l2 else 2 * g.sign()) - centre
                    far = moved.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
                    moved = torch.where(far > 60, moved * 60 / far, moved) if l2 else moved.clamp(-6, 6)
                    x = (centre + moved).clamp(0, 255)
            self.attacked(counted() / "plain", "--method", method, "--epsilon", "60px" if l2 else "6px", "--step", "20px" if l2 else "2px",
                          "--steps", 5, "--start", "image", "--images", 100, "--save", "--out", self.folder / "a.json", "--overwrite")  # fmt: skip
            with h5py.File(self.folder / "a.h5") as file:
                got = file["pixels"][:]
                self.assertEqual(list(file["label"][:]), list(labels[:100]))
            # In a sign's step a gradient within rounding of 0 may have either.
            other = np.abs(got - x.numpy()) > 2e-3
            self.assertLess(other.mean(), 1e-3, np.abs(got - x.numpy()).max())

    def test_an_epsilon_of_nothing_changes_nothing(self):
        result = self.attacked(counted() / "plain", "--epsilon", 0, "--images", 50, "--save", "--grid", "--out", self.folder / "a.json")
        self.assertEqual((result["linf_pixels"], result["l2_pixels"]), (0, 0))
        rows = result["judges"][0]["rows"]
        self.assertEqual(rows[0]["successes"], rows[-1]["successes"])
        with h5py.File(self.folder / "a.h5") as file:
            self.assertTrue((file["pixels"][:, 0] == attack_counts.images(1000, 3)[0][:50]).all())
        self.assertEqual((self.folder / "a.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(json.loads((self.folder / "a.json").read_text())["judges"], result["judges"])
        self.assertEqual(len((self.folder / "a.csv").read_text().splitlines()), 1 + 11)
        self.works("check", self.folder / "a.h5")
        self.fails(2, "--overwrite", arguments=["attack", counted() / "plain", "--epsilon", 0, "--out", self.folder / "a.json", *OFFLINE])

    def test_an_interrupted_attack_goes_on_bit_for_bit(self):
        one = self.train_tiny("one")
        slow = ["attack", one, "--epsilon", "20px", "--steps", 60, "--samples", 100, "--judge-samples", 20, "--batch", 2, "--restarts", 2,
                "--save", *OFFLINE]  # fmt: skip
        self.works(*slow)
        files = sorted((one / "attacks").iterdir())
        self.assertEqual([file.suffix for file in files], [".csv", ".h5", ".json"])
        wanted = [files[0].read_text(), arrays(files[1])]
        for file in files:
            file.unlink()
        with subprocess.Popen([PROGRAM, *map(str, slow)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            while running.poll() is None and len(list(one.glob("attacks/*.partial/batch_*.h5"))) < 2:
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            said = running.communicate()[1]
        self.assertEqual(running.returncode, 130, said)
        self.assertIn("goes on from here", said)
        self.works("check", one)
        parts = sorted(one.glob("attacks/*.partial/*.h5"))
        self.assertGreaterEqual(len(parts), 2)
        parts[1].write_bytes(parts[1].read_bytes()[:-100])  # damaged: made anew
        done = self.works(*[word for word in slow if word != "--quiet"])
        self.assertIn("goes on after", done.stderr)
        self.assertEqual([file.suffix for file in sorted((one / "attacks").iterdir())], [".csv", ".h5", ".json"])
        self.assertEqual([files[0].read_text(), arrays(files[1])], wanted)

    def test_a_full_disk_costs_nothing_that_was_done(self):
        one = self.train_tiny("one")
        attack = ["attack", one, "--epsilon", "20px", "--steps", 5, "--samples", 3, "--batch", 4, "--save", *OFFLINE]
        self.works(*attack)
        kept = sorted((one / "attacks").iterdir())
        wanted = [kept[0].read_text(), arrays(kept[1])]
        sizes = [file.stat().st_size for file in kept]
        for file in kept:
            file.unlink()
        before = {path: path.read_bytes() for path in one.rglob("*") if path.is_file()}

        def room(size):
            return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        # No room for one batch: nothing is there, half or whole.
        self.fails(3, "batch_00000.h5: not written", "goes on from them", arguments=attack, preexec_fn=room(1000))
        self.assertEqual(before, {path: path.read_bytes() for path in one.rglob("*") if path.is_file()})
        # Room for each batch and not for all: the batches wait.
        self.fails(3, ".h5: not written", "what was attacked is kept: the same command goes on", arguments=attack,
                   preexec_fn=room(max(sizes) - 1000))  # fmt: skip
        parts = sorted(one.glob("attacks/*.partial/*"))
        self.assertEqual([part.name for part in parts], [f"batch_{i:05}.h5" for i in range(10)])
        self.assertEqual(list(one.glob("attacks/*.h5")), [])
        self.works("check", one)
        # Room again.
        done = self.works(*[word for word in attack if word != "--quiet"])
        self.assertIn("goes on after 40 of 40 images", done.stderr)
        self.assertEqual(sorted((one / "attacks").iterdir()), kept)
        self.assertEqual([kept[0].read_text(), arrays(kept[1])], wanted)

    def test_a_disk_that_fills_between_two_batches(self):
        one = self.train_tiny("one")
        attack = ["attack", one, "--epsilon", "20px", "--steps", 5, "--samples", 3, "--batch", 4, "--save", *OFFLINE]
        self.works(*attack)
        kept = sorted((one / "attacks").iterdir())
        wanted = [kept[0].read_text(), arrays(kept[1])]
        shutil.move(one / "attacks", self.folder / "whole")
        # A disk of its own, which ends with the shell; the attack's first batches fit, then the filler goes.
        (self.folder / "disk.sh").write_text("""set -u
            one=$1; shift
            cp -r "$one" "$one.kept" && mount -t tmpfs -o size=4m none "$one" || exit 77
            cp -r "$one.kept/." "$one" && mkdir "$one/attacks"
            free=$(df --output=avail -k "$one" | tail -1)
            dd if=/dev/zero of="$one/filler" bs=1k count=$((free - 48)) status=none
            "$@"; echo "FULL $?"
            ls "$one"/attacks/*.partial
            rm "$one/filler"
            "$@"; echo "ROOM $?"
            mkdir "$one.after" && cp -r "$one/attacks/." "$one.after"
            """)  # fmt: skip
        done = subprocess.run(["unshare", "-m", "sh", self.folder / "disk.sh", one, PROGRAM, *map(str, attack)], capture_output=True, text=True)
        if "FULL" not in done.stdout:
            self.skipTest(f"wants the right to mount a tmpfs: {done.stderr}")
        said = done.stdout.splitlines()
        self.assertEqual([line for line in said if line.startswith(("FULL", "ROOM"))], ["FULL 3", "ROOM 0"], done.stderr)
        parts = [line for line in said if line.startswith("batch_")]
        self.assertIn(len(parts), range(1, 10), done.stdout)
        self.assertIn("No space left on device", done.stderr)
        after = sorted(pathlib.Path(f"{one}.after").iterdir())
        self.assertEqual([file.name for file in after], [file.name for file in kept])
        self.assertEqual([after[0].read_text(), arrays(after[1])], wanted)

    def test_noise_judges_that_no_gradient_saw(self):
        one = self.trained()
        attack = [one, "--epsilon", "30px", "--steps", 4, "--samples", 3, "--images", 60]
        first, again = self.attacked(*attack), self.attacked(*attack)
        self.assertEqual(first, again)
        self.assertEqual(first["gradients_an_image"], 4 * 3)
        other = self.attacked(*attack, "--seed", 2)
        self.assertNotEqual(first["judges"], other["judges"])
        through_one = self.attacked(*attack, "--gradient", "one")
        self.assertEqual((through_one["samples"], through_one["gradients_an_image"]), (1, 4))
        means = self.attacked(*attack, "--mode", "deterministic")
        self.assertEqual((means["gradient"], means["samples"], means["gradients_an_image"]), ("mean", 0, 4))
        table = self.works("attack", *attack, *OFFLINE).stdout
        self.assertIn("K = 10", table)
        self.assertIn("through 3 samples", table)
        self.assertLessEqual(max(map(len, table.splitlines()[:-1])), 80)

    def test_images_made_on_one_are_judged_by_others(self):
        one, two = self.train_tiny("one"), self.train_tiny("two", "--seed", 2, epochs=2)
        self.works("prune", one, "--sparsity", 0.5, "--out", one / "pruned/50.h5", *OFFLINE)
        attack = [one, "--epsilon", "30px", "--steps", 3]
        result = self.attacked(*attack, "--judge", two, one / "pruned/50.h5")
        self.assertEqual([judge["networks"] for judge in result["judges"]], [1, 1, 1])
        self.assertEqual(result["judges"][0]["rows"], self.attacked(*attack)["judges"][0]["rows"])
        untouched = self.attacked(two, "--method", "ifgsm", "--judge-samples", 400, "--judge-every", 0, "--steps", 1)
        clean = json.loads(self.works("eval", two, "--samples", 400, "--json", *OFFLINE).stdout)["entries"][0]
        error = untouched["judges"][0]["rows"][0]["success"]
        self.assertAlmostEqual(error, 1 - clean["accuracy"]["ensemble"], delta=0.06)  # two or so of 40 images
        self.assertNotEqual(result["judges"][1]["rows"], result["judges"][0]["rows"])
        both = self.attacked(one, two, "--epsilon", "30px", "--steps", 3)
        self.assertEqual((both["networks"], both["gradients_an_image"]), (2, 2 * 3 * 10))
        done = self.works("attack", one / "pruned/50.h5", "--epsilon", "30px", "--steps", 2, "--threads", 1, "--device", "cpu",
                          "--judge", two)  # fmt: skip
        self.assertIn("50.h5: pruned layers run dense here", done.stderr)
        shown = [line for line in (done.stdout + done.stderr).splitlines() if str(self.folder) not in line]
        self.assertLessEqual(max(map(len, shown)), 80)
        self.fails(2, "cannot see the same images", arguments=["attack", *attack, "--judge", small_run(), *OFFLINE])

    def test_judges_are_compared_image_by_image(self):
        one, two = self.train_tiny("one"), self.train_tiny("two", "--seed", 2, epochs=2)
        attack = [one, "--epsilon", "30px", "--steps", 3, "--judge", two, "--save", "--overwrite", "--out", self.folder / "a.json"]
        result = self.attacked(*attack)
        with h5py.File(self.folder / "a.h5") as file:
            wrong = [file[f"judges/0{j}/predicted"][:, -1] != file["label"][:] for j in (0, 1)]
            entropy = [file[f"judges/0{j}/entropy"][:, -1].astype(float) for j in (0, 1)]
        got = result["judges"][1]["rows"][-1]["less_base"]
        self.assertNotIn("less_base", result["judges"][0]["rows"][-1])
        for name, values in (("success", wrong[1].astype(float) - wrong[0]), ("entropy", entropy[1] - entropy[0])):
            half = 1.959963984540054 * values.std(ddof=1) / len(values) ** 0.5
            np.testing.assert_allclose([got[name], got[f"{name}_low"], got[f"{name}_high"]],
                                       [values.mean(), values.mean() - half, values.mean() + half], atol=1e-9)  # fmt: skip
        turned = self.attacked(*attack, "--against", 2)
        self.assertEqual(turned["against"], str(two))
        self.assertAlmostEqual(turned["judges"][0]["rows"][-1]["less_base"]["success"], -got["success"], places=12)
        self.assertNotIn("less_base", turned["judges"][1]["rows"][-1])
        self.assertEqual(turned["judges"][0]["rows"][-1]["success"], result["judges"][0]["rows"][-1]["success"])
        for wrong in ("3", "0", "three"):
            self.fails(2, "--against", "1 to 2", arguments=["attack", *attack, "--against", wrong, *OFFLINE])

    def test_an_interrupted_sanity_check_goes_on(self):
        one = self.train_tiny("one")
        slow = ["attack", one, "--epsilon", "20px", "--steps", 40, "--samples", 60, "--sanity", *OFFLINE]
        wanted = run(*slow)
        self.assertIn(wanted.returncode, (0, 1), wanted.stderr)
        with subprocess.Popen([PROGRAM, *map(str, slow)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            while running.poll() is None and len(list(one.glob("attacks/*.partial/batch_*.h5"))) < 2:
                time.sleep(0.01)
            running.kill()
            running.communicate()
        parts = sorted(one.glob("attacks/*.partial/*.h5"))
        self.assertGreaterEqual(len(parts), 2)
        again = run(*[word for word in slow if word != "--quiet"])
        self.assertIn("of 5 attacks of the check", again.stderr)
        self.assertEqual((again.stdout, again.returncode), (wanted.stdout, wanted.returncode))
        self.assertFalse((one / "attacks").exists())

    def test_sanity_passes_an_honest_network_and_flags_a_saturated_one(self):
        for method in ("pgd-linf", "pgd-l2"):
            arguments = ["attack", "--epsilon", "8px" if method == "pgd-linf" else "60px", "--method", method, "--sanity", *OFFLINE]
            honest = self.works(*arguments, counted() / "plain")
            self.assertIn("nothing speaks of masked gradients", honest.stdout)
            self.assertLessEqual(max(map(len, honest.stdout.splitlines())), 80)
            self.assertNotIn("FLAGGED", honest.stdout)
            done = self.fails(1, arguments=[*arguments, counted() / "saturated"])
            self.assertIn("gradients are masked", done.stdout)
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
            flagged = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("FLAGGED")]
            self.assertLessEqual({"gradient", "unbounded"}, set(flagged))
        checks = json.loads(run("attack", counted() / "saturated", "--epsilon", "8px", "--sanity", "--json", *OFFLINE).stdout)
        self.assertIs(checks["sane"], False)
        self.assertFalse((counted() / "saturated/attacks").exists())

    def test_bad_input_is_refused_before_any_work(self):
        plain, saturated = counted() / "plain", counted() / "saturated"
        broken = self.folder / "broken.h5"
        with h5py.File(broken, "w") as file:
            for part in ("train", "test"):
                images = np.zeros((20, 12, 12), np.float32)
                images[3, 2, 1] = np.nan
                file[f"{part}/images"], file[f"{part}/labels"] = images, np.arange(20) % 10
                file[f"{part}/images"].attrs["range"] = "0..1"
        before = sorted(plain.rglob("*"))
        for words, more in (
            (["negative"], ["--epsilon", "-1/255"]),
            (["over the range of images of 144 pixels", "255px"], ["--epsilon", "256px"]),
            (["over the range", "255px"], ["--epsilon", "1.01", "--method", "ifgsm"]),
            (["8/255 or 0.03"], ["--epsilon", "nan"]),
            (["8/255 or 0.03"], ["--epsilon", "8/0"]),
            (["pgd-linf wants --epsilon"], ["--epsilon", "none"]),
            (["--step -1px", "negative"], ["--epsilon", "8px", "--step", "-1px"]),
            (["--target -1", "from 0"], ["--epsilon", "8px", "--target", "-1"]),
            (["or a class's number"], ["--epsilon", "8px", "--target", "1.5"]),
            (["--images: -1"], ["--epsilon", "8px", "--images", "-1"]),
            (["--steps: 0"], ["--epsilon", "8px", "--steps", 0]),
            (["--restarts: 0"], ["--epsilon", "8px", "--restarts", 0]),
            (["did you mean --epsilon"], ["--epsilom", "8px"]),
            (["did you mean 'mean'"], ["--epsilon", "8px", "--gradient", "mena"]),
            (["--save", "writes nothing"], ["--epsilon", "8px", "--sanity", "--save"]),
            (["--grid", "writes nothing"], ["--epsilon", "8px", "--sanity", "--grid"]),
            (["--out", "writes nothing"], ["--epsilon", "8px", "--sanity", "--out", self.folder / "a.json"]),
            (["--judge", "writes nothing"], ["--epsilon", "8px", "--sanity", "--judge", saturated]),
            (["[1, 28, 28]", "the network wants [1, 12, 12]"], ["--epsilon", "8px", "--data", "synthetic-digits"]),
            (["--epsilon", "such as 8/255"], []),
            (["negative"], ["--epsilon=-1/255"]),
            (["over the range", "255px"], ["--epsilon", "8"]),
            (["over the range", "3060px"], ["--epsilon", "4000px", "--method", "pgd-l2"]),
            (["8/255 or 0.03"], ["--epsilon", "8 pixels"]),
            (["classes 0 to 9"], ["--epsilon", "8px", "--target", 10]),
            (["least-likely"], ["--epsilon", "8px", "--target", "furthest"]),
            (["--samples"], ["--epsilon", "8px", "--samples", 0]),
            (["--judge-samples"], ["--epsilon", "8px", "--judge-samples", 0]),
            (["there are 1000 test images"], ["--epsilon", "8px", "--images", 1001]),
            (["there are 900 test images", "not of class 3"], ["--epsilon", "8px", "--images", 901, "--target", 3]),
            (["--start random"], ["--method", "ifgsm", "--restarts", 2]),
            (["fgsm"], ["--method", "fgsm", "--epsilon", "8px", "--step", "1px"]),
            (["pgd-l2"], ["--method", "pgd"]),
            (["no validation images"], ["--epsilon", "8px", "--split", "validation"]),
            ([".json"], ["--epsilon", "8px", "--out", self.folder / "a.csv"]),
        ):
            with self.subTest(more=more):
                self.fails(2, *words, arguments=["attack", plain, *more, *OFFLINE])
        self.fails(2, "paths is required", arguments=["attack"])
        self.fails(3, "a pixel of nan", arguments=["attack", plain, "--epsilon", "8px", "--data", broken, *OFFLINE])
        self.fails(3, "attack_test.py", "wants a folder of images", arguments=["attack", plain, "--epsilon", "8px", "--data", __file__, *OFFLINE])
        self.assertEqual(sorted(plain.rglob("*")), before)
        self.fails(3, "no/such/run", arguments=["attack", "no/such/run", "--epsilon", "8px"])
        self.fails(3, "no/such/run", arguments=["attack", plain, "--epsilon", "8px", "--judge", "no/such/run", *OFFLINE])


if __name__ == "__main__":
    unittest.main()
