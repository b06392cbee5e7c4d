# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""kappa: by layer, by class, by image, interrupted; bad input.

    PYTHONPATH=tests/tools kappa_test.py PROGRAM
"""

import csv
import json
import signal
import subprocess
import unittest

import h5py
import numpy as np

from program import OFFLINE, PROGRAM, ProgramTest, arrays, run


class Kappa(ProgramTest):
    def test_maps_of_other_layers_lie_beside_the_run_s(self):
        one = self.trained()
        layer = ["kappa", one, "--layer", "conv2", "--epoch", "last", *OFFLINE]
        self.works(*layer)
        self.assertTrue((one / "kappa/layers/epoch_0001_conv2.h5").is_file())
        self.assertFalse((one / "kappa/epoch_0001.h5").exists())
        self.fails(2, "--max-seconds", arguments=[*layer, "--max-seconds", 1e-6])

    def test_kappa_by_class_adds_up_to_the_whole(self):
        one = self.trained()
        kappa = ["kappa", one, "--epoch", "last", "--json", *OFFLINE]
        whole = json.loads(run(*kappa).stdout)
        before = arrays(one / "kappa/epoch_0001.h5")
        done = self.works(*kappa, "--by", "class")
        by_class = json.loads(done.stdout)
        self.assertEqual(before, arrays(one / "kappa/epoch_0001.h5"))
        self.assertIsNone(whole["repeatable"])  # a closed form makes no pass that is tried twice
        self.assertEqual([row["class"] for row in by_class["rows"]], list(range(10)))
        self.assertEqual(sum(row["images"] for row in by_class["rows"]), whole["images"])
        self.assertEqual(by_class["sums"][0]["images"], whole["images"])
        total = 0
        for label in range(10):
            with h5py.File(one / f"kappa/classes/epoch_0001_class_{label:02}.h5") as file:
                self.assertEqual(file.attrs["class"], label)
                total = total + file["layers/dense1/hessian_diagonal"][:].astype(np.float64)
        with h5py.File(one / "kappa/epoch_0001.h5") as file:
            wanted, variance = file["layers/dense1/hessian_diagonal"][:], file["layers/dense1/variance"][:].astype(float)
        self.assertLess(np.abs(total - wanted).max(), 1e-5 * np.abs(wanted).max())
        sums = total.astype(np.float32).astype(float) * variance
        self.assertEqual(by_class["sums"][0]["over"], int((np.abs(sums) > whole["kappa0"]).sum()))
        table = run("kappa", one, "--epoch", "last", "--by", "class", *OFFLINE).stdout
        self.assertLessEqual(max(map(len, table.splitlines()[:12])), 80)
        self.fails(2, "class", arguments=["kappa", one, "--by", "label", *OFFLINE])

    def test_kappa_by_image_names_images_by_their_numbers(self):
        one = self.trained()
        kappa = ["kappa", one, "--epoch", "last", "--by", "image", "--top", 3, *OFFLINE]
        done = self.works(*kappa, "--json")
        layer = json.loads(done.stdout)["layers"][0]
        self.assertEqual((layer["layer"], len(layer["weights"])), ("dense1", 3))
        with h5py.File(one / "kappa/epoch_0001.h5") as file:
            wanted = (file["layers/dense1/hessian_diagonal"][:].astype(float) * file["layers/dense1/variance"][:]).ravel()
        largest = [weight["weight"] for weight in layer["weights"]]
        self.assertEqual(sorted(np.abs(wanted[largest]), reverse=True), list(np.abs(wanted[largest])))
        self.assertEqual(np.abs(wanted).max(), np.abs(wanted[largest[0]]))
        with (one / "kappa/images/epoch_0001.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 3 * 20)
        for weight in layer["weights"]:
            self.assertAlmostEqual(weight["kappa"] / wanted[weight["weight"]], 1, 4)
            self.assertEqual(np.ravel_multi_index(weight["index"], (500, 800)), weight["weight"])
            for image in weight["images"]:
                self.assertLess(image["image"], 600)
                self.assertIn(image["label"], range(10))
        self.assertEqual([int(row["image"]) for row in rows[:20]], [image["image"] for image in layer["weights"][0]["images"]])
        # Five of them are kept to be looked at: as the data have them.
        pictures = json.loads((one / "kappa/images/epoch_0001.json").read_text())["pictures"]
        self.assertEqual([pictures[key] for key in ("channels", "height", "width")], [1, 28, 28])
        shown = {picture["image"]: bytes.fromhex(picture["pixels"]) for picture in pictures["images"]}
        self.assertEqual(set(shown), {image["image"] for weight in layer["weights"] for image in weight["images"][:5]})
        self.assertEqual({len(pixels) for pixels in shown.values()}, {784})
        self.assertGreater(min(max(pixels) - min(pixels) for pixels in shown.values()), 100)
        self.assertLessEqual(max(map(len, run(*kappa).stdout.splitlines()[:8])), 80)
        self.fails(2, "noise", arguments=[*kappa, "--method", "estimate"])
        self.fails(2, "--top", arguments=[*kappa, "--top", 0])

    def test_an_interrupted_kappa_goes_on_bit_for_bit(self):
        one = self.trained()
        general = ["kappa", one, "--layer", "conv1", "--epoch", "last", "--threads", 1, "--device", "cpu"]
        file = one / "kappa/layers/epoch_0001_conv1.h5"
        self.assertEqual(run(*general).returncode, 0)
        wanted, first = arrays(file), file.read_bytes()
        again = run(*general, "--json")
        self.assertIs(json.loads(again.stdout)["repeatable"], True)
        self.assertEqual(file.read_bytes(), first)  # made before: taken over
        with h5py.File(file) as map_file:
            self.assertEqual(map_file.attrs["repeatable"], 1)
        file.unlink()
        with subprocess.Popen([PROGRAM, *map(str, general)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            for line in running.stderr:
                if "an epoch" in line:  # it begins
                    break
            running.send_signal(signal.SIGINT)
            said = running.communicate()[1]
        self.assertEqual(running.returncode, 130, said)
        self.assertIn("goes on from here", said)
        self.assertFalse(file.exists())
        self.assertEqual(len(list((one / "kappa/partial").iterdir())), 1)
        self.assertEqual(run("check", one).returncode, 0)
        done = self.works(*general)
        self.assertIn("goes on after", done.stderr)
        self.assertEqual(arrays(file), wanted)
        self.assertFalse((one / "kappa/partial").exists())

    def test_what_is_not_there_is_named(self):
        self.fails(3, "no/such/run", arguments=["kappa", "no/such/run"])


if __name__ == "__main__":
    unittest.main()
