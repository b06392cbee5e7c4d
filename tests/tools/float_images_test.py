# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Images in float32 through every verb that reads images: the same numbers as of bytes, an attack's own images, bad input.

    float_images_test.py PROGRAM
"""

import csv
import json
import shutil
import unittest

import h5py
import numpy as np

from program import OFFLINE, ProgramTest, arrays, metrics_of


class FloatImages(ProgramTest):
    def setUp(self):
        super().setUp()
        self.one = self.train_tiny("one")
        self.data, self.spec = self.folder / "tiny", self.folder / "tiny.json"
        self.sets = {}
        for part, name in (("train", "train"), ("test", "t10k")):
            labels, images = (np.frombuffer((self.data / f"{name}-{what}-ubyte").read_bytes(), np.uint8, offset=offset)
                              for what, offset in (("labels-idx1", 8), ("images-idx3", 16)))  # fmt: skip
            self.sets[part] = (images.reshape(len(labels), 8, 8), labels)

    def hdf5(self, name, change=lambda x: x.astype(np.float32), **attributes):
        path = self.folder / name
        with h5py.File(path, "w") as file:
            for part, (images, labels) in self.sets.items():
                file[f"{part}/images"], file[f"{part}/labels"] = change(images), labels.astype(np.int64)
                for key, value in attributes.items():
                    file[f"{part}/images"].attrs[key] = value
        return path

    def npz(self, name, change):
        path = self.folder / name
        np.savez(path, **{f"{x}_{part}": change(images) if x == "x" else labels
                          for part, (images, labels) in self.sets.items() for x in "xy"})  # fmt: skip
        return path

    def json_of(self, *arguments):
        return json.loads(self.works(*arguments, "--json", *OFFLINE).stdout)

    def metrics(self, *more):
        entry = self.json_of("eval", self.one, "--samples", 7, *more)["entries"][0]
        return {name: entry[name] for name in ("accuracy", "nll", "brier", "ece", "entropy")}

    def test_bytes_and_floats_of_the_same_values_give_the_same_bits(self):
        unit = lambda x: x.astype(np.float32) / np.float32(255)
        stated = [([self.hdf5("bytes.h5", range="0..255")], []),
                  ([self.hdf5("unit.h5", unit, range=np.bytes_("0..1"))], []),
                  ([self.npz("bytes.npz", lambda x: x.astype(np.float32))], ["--data-pixel-range", "0..255"]),
                  ([self.npz("unit.npz", unit)], ["--data-pixel-range", "0..1"])]  # fmt: skip
        wanted = self.metrics()
        attack = ["attack", self.one, "--epsilon", "9px", "--images", 20, "--out", self.folder / "a.json", "--overwrite"]
        attacked = self.json_of(*attack)["judges"]
        shifted = self.json_of("shift", self.one, "--corruptions", "translation,brightness", "--samples", 3)["networks"][0]["scores"]
        for (path,), flags in stated:
            self.assertEqual(self.metrics("--data", path, *flags), wanted, path)
            self.assertEqual(self.json_of(*attack, "--data", path, *flags)["judges"], attacked)
            worse = self.json_of("shift", self.one, "--corruptions", "translation,brightness", "--samples", 3, "--data", path, *flags)
            for got, bytes_ in zip(worse["networks"][0]["scores"], shifted, strict=True):
                # Whole pixels move without a rounding; brightness is rounded where pixels are bytes.
                self.assertTrue(got == bytes_ or got["corruption"] == "brightness", got)
        single = [self.json_of("eval", self.one, "--samples", 7, "--metrics", "ood", "--ood", self.data)]
        single.append(self.json_of("eval", self.one, "--samples", 7, "--metrics", "ood", "--ood", self.folder / "unit.npz",
                                   "--pixel-range", "0..1"))  # fmt: skip
        got, same = (one["metrics"]["columns"][0]["ood"] for one in single)
        self.assertEqual(got, same)

    def test_kappa_and_training_take_floats(self):
        path = self.hdf5("bytes.h5", range="0..255")
        maps = []
        for more in ([], ["--data", path]):
            self.works("kappa", self.one, "--split", "test", *more, *OFFLINE)
            found = arrays(next(self.one.glob("kappa/**/*.h5")))
            shutil.rmtree(self.one / "kappa")
            maps.append(found)
        self.assertEqual(*maps)
        for name, source, flags in (("bytes", self.data, []), ("floats", path, [])):
            self.works("train", "--network", self.spec, "--data",
                       source, "--run", self.folder / name, "--epochs", 1, *flags, *OFFLINE)  # fmt: skip
        rows = [metrics_of(self.folder / name) for name in ("bytes", "floats")]
        for key in ("nll", "kl"):
            self.assertEqual([row[key] for row in rows[0]], [row[key] for row in rows[1]])
        self.fails(2, "augment", arguments=["train", "--network", self.spec, "--data", path, "--run", self.folder / "no",
                                            "--augment", "crop-flip", *OFFLINE])  # fmt: skip

    def test_an_attacks_images_are_judged_as_the_attack_judged_them(self):
        out = self.folder / "a.json"
        attack = ["attack", self.one, "--epsilon", "30px", "--mode", "deterministic", "--save", "--out", out]
        result = self.json_of(*attack)
        images = out.with_suffix(".h5")
        with h5py.File(images) as file:
            predicted, entropy = file["judges/00/predicted"][:, -1], file["judges/00/entropy"][:, -1]
            labels, numbers, pixels = file["label"][:], file["image"][:], file["pixels"][:]
        self.assertTrue((pixels != np.round(pixels)).any())
        self.works("predict", self.one, images, "--mode", "deterministic", "--out", self.folder / "p.csv", *OFFLINE)
        rows = list(csv.DictReader((self.folder / "p.csv").read_text().splitlines()))
        self.assertEqual([int(row["index"]) for row in rows], list(numbers))
        self.assertEqual([int(row["class"]) for row in rows], list(predicted))
        np.testing.assert_allclose([float(row["entropy"]) for row in rows], entropy, rtol=3e-7)
        judged = self.json_of("eval", self.one, "--data", images, "--samples", 3)["entries"][0]
        self.assertEqual(judged["images"], len(labels))
        share = (predicted == labels).mean()
        self.assertAlmostEqual(judged["accuracy"]["deterministic"], share, places=12)
        self.assertAlmostEqual(1 - share, result["judges"][0]["rows"][-1]["success"], places=12)
        # As other images, as those that are attacked again, as those that are made worse.
        table = self.json_of("eval", self.one, "--ood", images, "--samples", 3)
        self.assertEqual(table["metrics"]["ood"][0]["images"], len(labels))
        again = self.json_of("attack", self.one, "--epsilon", 0, "--mode", "deterministic", "--data", images, "--out", self.folder / "b.json")
        self.assertEqual(again["judges"][0]["rows"][0]["successes"], result["judges"][0]["rows"][-1]["successes"])
        self.works("shift", self.one, "--data", images, "--corruptions", "shot-noise,rotation", "--samples", 2, *OFFLINE)
        self.works("kappa", self.one, "--data", images, "--split", "test", *OFFLINE)
        self.works("data", images)
        # Of the training images: in their part, and in no other.
        self.json_of("attack", self.one, "--epsilon", "9px", "--split", "train", "--images", 9, "--save", "--out", self.folder / "t.json")
        own = self.json_of("eval", self.one, "--data", self.folder / "t.h5", "--split", "train", "--samples", 3)
        self.assertEqual(own["entries"][0]["images"], 9)
        self.fails(2, "no test images", arguments=["eval", self.one, "--data", self.folder / "t.h5", *OFFLINE])
        damaged = bytearray(images.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        images.write_bytes(damaged)
        self.fails(3, "a.h5", arguments=["eval", self.one, "--data", images, *OFFLINE])

    def test_what_is_no_image_is_refused(self):
        floats = lambda x: x.astype(np.float32)

        def one_pixel(value):
            def change(x):
                x = floats(x)
                x[1, 2, 3] = value
                return x

            return change

        cases = [("nothing says what white is", 2, self.npz("a.npz", floats), []),
                 ("nothing says what white is", 2, self.hdf5("a.h5"), []),
                 ("wants 0..1 or 0..255", 3, self.hdf5("b.h5", range="0-255"), []),
                 ("leave the flag out", 2, self.hdf5("c.h5", range="0..255"), ["--data-pixel-range", "0..1"]),
                 ("image 0 has a pixel of", 3, self.hdf5("d.h5", range="0..1"), []),
                 ("image 1 has a pixel of nan", 3, self.hdf5("e.h5", one_pixel(np.nan), range="0..255"), []),
                 ("image 1 has a pixel of inf", 3, self.hdf5("f.h5", one_pixel(np.inf), range="0..255"), []),
                 ("image 1 has a pixel of -1", 3, self.hdf5("g.h5", one_pixel(-1), range="0..255"), []),
                 ("image 1 has a pixel of 255.5", 3, self.hdf5("h.h5", one_pixel(255.5), range="0..255"), []),
                 ("float32 alone is read", 3, self.hdf5("i.h5", lambda x: x / 255, range="0..1"), []),
                 ("float64", 3, self.npz("i.npz", lambda x: x / 255), ["--data-pixel-range", "0..1"]),
                 ("rank 3 or 4", 3, self.hdf5("j.h5", lambda x: floats(x).reshape(len(x), 64), range="0..255"), []),
                 ("the network wants", 2, self.hdf5("k.h5", lambda x: floats(x)[:, :5], range="0..255"), []),
                 ("holds bytes", 2, self.hdf5("l.h5", lambda x: x), ["--data-pixel-range", "0..1"]),
                 ("--data, which is not given", 2, None, ["--data-pixel-range", "0..1"])]  # fmt: skip
        for words, code, path, more in cases:
            data = ["--data", path] if path else []
            self.fails(code, words, arguments=["eval", self.one, *data, *more, *OFFLINE])
        np.save(self.folder / "x.npy", self.sets["test"][0].astype(np.float32))
        self.fails(2, "nothing says", arguments=["predict", self.one, self.folder / "x.npy", "--out", self.folder / "p.csv", *OFFLINE])
        self.works("predict", self.one, self.folder / "x.npy", "--pixel-range", "0..255", "--out", self.folder / "p.csv", *OFFLINE)
        self.works("predict", self.one, self.data / "t10k-images-idx3-ubyte", "--out",
                   self.folder / "q.csv", *OFFLINE)  # fmt: skip
        self.assertEqual((self.folder / "p.csv").read_text(), (self.folder / "q.csv").read_text())
        self.fails(2, "neither converted nor resized",
                   arguments=["eval", self.one, "--ood", self.hdf5("m.h5", lambda x: floats(x)[:, :5], range="0..255"), "--resize", 8, *OFFLINE])  # fmt: skip
        self.fails(2, "is of float32 images", arguments=["data", self.data, "--pixel-range", "0..1"])


if __name__ == "__main__":
    unittest.main()
