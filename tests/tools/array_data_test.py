# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Sets as arrays (NPZ, NPY, HDF5 by any names), images brought to a network's size and colours, and what packed files may cost.

    array_data_test.py PROGRAM
"""

import gzip
import hashlib
import io
import json
import resource
import unittest
import zipfile

import h5py
import numpy as np
import torch

from program import OFFLINE, ProgramTest, idx, png, run

NETWORK = {"input": [1, 6, 7], "classes": 3,
           "layers": [{"conv2d": {"out": 4, "kernel": 3}}, "relu", {"variance_dense": {"out": 3}}]}  # fmt: skip
RANDOM = np.random.default_rng(1)
GREY, COLOUR = RANDOM.integers(0, 256, (12, 9, 8), np.uint8), RANDOM.integers(0, 256, (12, 9, 8, 3), np.uint8)
LABELS = np.arange(12) % 3


def digest(*parts):
    """What the program says of images [N, C, H, W] and their labels, part by part."""
    total = hashlib.sha256()
    for images, labels in parts:
        if images.ndim == 3:
            images = images[:, None]
        total.update(" ".join(map(str, images.shape)).encode() + b"\n" + images.tobytes())
        total.update(np.asarray(labels, "<i8").tobytes())
    return total.hexdigest()


def luma(images):
    """[N, H, W, 3] as ITU-R 601's grey, as Pillow's convert("L")."""
    r, g, b = (images[..., c].astype(np.int64) for c in range(3))
    return ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16).astype(np.uint8)


def resized(images, height, width):
    """[..., H, W] by Pillow's BILINEAR: its windows, weights and rounding, written anew."""

    def along_last(x, size):
        if x.shape[-1] == size:
            return x
        scale = x.shape[-1] / size
        reach = max(scale, 1)
        out = np.empty((*x.shape[:-1], size), np.uint8)
        for place in range(size):
            centre = (place + 0.5) * scale
            first, end = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), x.shape[-1])
            weights = np.maximum(0, 1 - abs((np.arange(first, end) - centre + 0.5) / reach))
            weights = (weights / weights.sum() * 2**22 + 0.5).astype(np.int64)
            out[..., place] = np.clip((x[..., first:end].astype(np.int64) @ weights + 2**21) >> 22, 0, 255)
        return out

    return along_last(along_last(images, width).swapaxes(-1, -2), height).swapaxes(-1, -2)


class ArrayData(ProgramTest):
    def setUp(self):
        super().setUp()
        self.environment = {"PATH": "/usr/bin:/bin", "VARPHASE_CACHE": str(self.folder / "cache"), "OMP_NUM_THREADS": "1"}
        (self.folder / "network.json").write_text(json.dumps(NETWORK))

    def varphase(self, *arguments, **more):
        return run(*arguments, env=self.environment, **more)

    def described(self, *arguments):
        done = self.varphase("data", *arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def refused(self, *words, arguments, code=3, **more):
        return self.fails(code, *words, arguments=arguments, env=self.environment, **more)

    def predict(self, *arguments):
        out = self.folder / "p.jsonl"
        done = self.varphase("predict", *arguments, "--samples", 3, "--out", out, "--overwrite", *OFFLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line)["probabilities"] for line in out.read_text().splitlines()]

    def test_names_that_are_in_use(self):
        whole = digest((GREY[:8], LABELS[:8]), (GREY[8:], LABELS[8:]))
        train, test = (GREY[:8], LABELS[:8]), (GREY[8:], LABELS[8:])
        keras = dict(x_train=train[0], y_train=train[1].astype(np.uint8), x_test=test[0], y_test=test[1].astype(np.uint8))
        medmnist = dict(train_images=train[0], train_labels=train[1][:, None].astype(np.uint8), test_images=test[0],
                        test_labels=test[1][:, None].astype(np.int16))  # fmt: skip
        for number, (arrays, save) in enumerate([(keras, np.savez), (medmnist, np.savez_compressed)]):
            path = self.folder / f"{number}.npz"
            save(path, **arrays)
            self.assertEqual(self.described(path)["digest"], whole)
            folder = self.folder / f"npy{number}"
            folder.mkdir()
            for name, values in arrays.items():
                np.save(folder / f"{name}.npy", np.asfortranarray(values) if "images" in name else values)
            self.assertEqual(self.described(folder)["digest"], whole)
            with h5py.File(self.folder / f"{number}.h5", "w") as file:
                for name, values in arrays.items():
                    file[name] = values
            self.assertEqual(self.described(self.folder / f"{number}.h5")["digest"], whole)

    def test_validation_images_of_the_set_itself(self):
        parts = {"train": slice(0, 6), "val": slice(6, 9), "test": slice(9, 12)}
        arrays = {f"{part}_{what}": values[rows] for part, rows in parts.items()
                  for what, values in (("images", GREY), ("labels", LABELS))}  # fmt: skip
        np.savez(self.folder / "set.npz", **arrays)
        read = self.described(self.folder / "set.npz")
        self.assertEqual([read["parts"][part]["images"] for part in ("train", "validation", "test")], [6, 3, 3])
        self.assertEqual(read["digest"], digest(*((GREY[parts[p]], LABELS[parts[p]]) for p in ("train", "test", "val"))))
        share = self.described(self.folder / "set.npz", "--validation", 0.5)
        self.assertEqual(share["parts"]["validation"]["images"], 3)
        self.assertIn("own 3 validation images are not used", share["notes"][0])
        # Changed validation images are another set.
        arrays["val_images"] = 255 - arrays["val_images"]
        np.savez(self.folder / "other.npz", **arrays)
        self.assertNotEqual(self.described(self.folder / "other.npz")["digest"], read["digest"])
        del arrays["test_images"], arrays["test_labels"]
        np.savez(self.folder / "two.npz", **arrays)
        self.assertEqual(self.described(self.folder / "two.npz")["parts"]["test"]["images"], 3)

    def test_images_and_labels_alone(self):
        read = []
        for images, labels in (("images", "labels"), ("data", "targets"), ("x", "y")):
            path = self.folder / f"{images}.npz"
            np.savez(path, **{images: GREY, labels: LABELS})
            read.append(self.described(path))
            self.assertEqual([read[-1]["parts"][part]["images"] for part in ("train", "test")], [10, 2])
            self.assertIn("2 of its 12 images", read[-1]["notes"][0])
        self.assertEqual(len({r["digest"] for r in read}), 1)

    def test_arrays_by_their_keys(self):
        path = self.folder / "set.h5"
        whole = digest((COLOUR[:8].transpose(0, 3, 1, 2), LABELS[:8]), (COLOUR[8:].transpose(0, 3, 1, 2), LABELS[8:]))
        with h5py.File(path, "w") as file:
            for part, rows in (("train", slice(0, 8)), ("test", slice(8, 12))):
                file[f"{part}/pixels"], file[f"deep/{part}/kinds"] = COLOUR[rows], LABELS[rows]
            file["everything"], file["kinds"], file["images"] = COLOUR, LABELS, GREY
        keys = ["--hdf5-labels", "deep/train/kinds,deep/test/kinds"]
        self.assertEqual(self.described(path, "--hdf5-images", "pixels", *keys)["digest"], whole)
        self.assertEqual(self.described(path, "--hdf5-images", "train/pixels,test/pixels", *keys)["digest"], whole)
        alone = self.described(path, "--hdf5-images", "everything", "--hdf5-labels", "kinds")
        self.assertEqual([alone["shape"], alone["parts"]["test"]["images"]], [[3, 9, 8], 2])
        self.refused("holds none of", "nothing", arguments=["data", path, "--hdf5-images", "nothing", *keys])
        idx(self.folder / "train-images-idx3-ubyte", GREY)
        self.refused("--hdf5-images", arguments=["data", "mnist", "--hdf5-images", "x"], code=2)

    def test_what_is_no_set_is_named(self):
        for word, arrays in {"float64": dict(x_train=GREY / 255, y_train=LABELS, x_test=GREY, y_test=LABELS),
                             "holds none of test/labels": dict(x_train=GREY, y_train=LABELS, x_test=GREY),
                             "one label an image": dict(x_train=GREY, y_train=np.eye(12), x_test=GREY, y_test=LABELS),
                             "is -1": dict(x_train=GREY, y_train=LABELS - 1, x_test=GREY, y_test=LABELS),
                             "rank 3 or 4": dict(x_train=GREY.reshape(12, 72), y_train=LABELS, x_test=GREY, y_test=LABELS),
                             "Python objects": dict(x_train=np.array([{}] * 12), y_train=LABELS, x_test=GREY, y_test=LABELS)}.items():  # fmt: skip
            arrays = {name: values.astype(int) if word == "one label an image" and name == "y_train" else values
                      for name, values in arrays.items()}  # fmt: skip
            np.savez(self.folder / "set.npz", **arrays)
            self.refused("set.npz", word, arguments=["data", self.folder / "set.npz"])
        np.save(self.folder / "x.npy", GREY)
        self.refused("x_train.npy", arguments=["data", self.folder / "x.npy"])
        with zipfile.ZipFile(self.folder / "some.zip", "w") as archive:
            archive.writestr("notes.txt", "no arrays")
        self.refused("some.zip", "holds none of", arguments=["data", self.folder / "some.zip"])

    def test_resize_and_convert(self):
        np.savez(self.folder / "set.npz", x_train=COLOUR[:8], y_train=LABELS[:8], x_test=COLOUR[8:], y_test=LABELS[8:])
        planes = COLOUR.transpose(0, 3, 1, 2)
        for height, width in ((6, 7), (20, 31), (9, 3), (1, 1), (4, 8)):
            wanted = resized(planes, height, width)
            read = self.described(self.folder / "set.npz", "--resize", f"{height}x{width}")
            self.assertEqual(read["digest"], digest((wanted[:8], LABELS[:8]), (wanted[8:], LABELS[8:])), (height, width))
            theirs = torch.nn.functional.interpolate(torch.from_numpy(planes.copy()).double(), (height, width), mode="bilinear",
                                                     antialias=True)  # fmt: skip
            self.assertLessEqual(np.abs(wanted - theirs.numpy()).max(), 1.01)  # two roundings
        grey = resized(luma(COLOUR), 6, 6)
        read = self.described(self.folder / "set.npz", "--resize", "6", "--convert", "grey")
        self.assertEqual(read["digest"], digest((grey[:8], LABELS[:8]), (grey[8:], LABELS[8:])))
        idx(self.folder / "train-images-idx3-ubyte", GREY[:8])
        idx(self.folder / "train-labels-idx1-ubyte", LABELS[:8])
        idx(self.folder / "t10k-images-idx3-ubyte", GREY[8:])
        idx(self.folder / "t10k-labels-idx1-ubyte", LABELS[8:])
        three = np.repeat(GREY[:, None], 3, 1)
        read = self.described(self.folder, "--convert", "rgb")
        self.assertEqual(read["digest"], digest((three[:8], LABELS[:8]), (three[8:], LABELS[8:])))
        for wrong in ("0", "7x", "x7", "6x7x8", "-3", "99999", ""):
            self.refused("--resize", arguments=["data", self.folder, "--resize", wrong], code=2)
        self.refused("convert", arguments=["data", self.folder, "--convert", "gray"], code=2)

    def test_images_of_many_sizes(self):
        photos = self.folder / "set"
        wanted = {"train": [], "test": []}
        for part in wanted:
            for name in "abc":
                (photos / part / name).mkdir(parents=True)
                for i, size in enumerate(((9, 8), (30, 5))):
                    image = RANDOM.integers(0, 256, size, np.uint8)
                    png(photos / part / name / f"{i}.png", image)
                    wanted[part].append(resized(image, 6, 7))
        self.refused("--resize 9x8", "another size", arguments=["data", photos])
        labels = np.repeat(np.arange(3), 2)
        whole = digest(*((np.stack(wanted[part]), labels) for part in wanted))
        for _ in range(2):  # decoded, then as it is kept
            self.assertEqual(self.described(photos, "--resize", "6x7")["digest"], whole)
        # The run states it, and every later verb does the same.
        one = self.folder / "run"
        train = ["train", "--network", self.folder / "network.json", "--data", photos, "--epochs", 1, "--batch-size", 3,
                 "--run", one, *OFFLINE]  # fmt: skip
        self.refused("images are [1, 6, 6]", "--resize 6x7", arguments=[*train, "--resize", 6], code=2)
        done = self.varphase(*train, "--resize", "6x7")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads((one / "config.json").read_text())["data"]["resize"], "6x7")
        for verb in (["kappa", one, "--epoch", "last"], ["eval", one, "--samples", 3], ["sweep", one, "--samples", 3]):
            done = self.varphase(*verb, *OFFLINE)
            self.assertEqual(done.returncode, 0, done.stderr)
        from_files = self.predict(one, photos / "test")
        self.assertEqual(len(from_files), 6)
        np.save(self.folder / "ready.npy", np.stack(wanted["test"]))
        self.assertEqual(self.predict(one, self.folder / "ready.npy"), from_files)

    def test_predict_of_arrays(self):
        data = self.folder / "data"
        data.mkdir()
        small = resized(GREY, 6, 7)
        for name, values in dict(x_train=small, y_train=LABELS, x_test=small, y_test=LABELS).items():
            np.save(data / f"{name}.npy", values)
        one = self.folder / "run"
        done = self.varphase("train", "--network", self.folder / "network.json", "--data", data, "--epochs", 1, "--batch-size", 4,
                             "--run", one, *OFFLINE)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        wanted = self.predict(one, data / "x_test.npy")
        np.save(self.folder / "columns.npy", np.asfortranarray(small))
        np.savez(self.folder / "stored.npz", images=small)
        np.savez_compressed(self.folder / "packed.npz", x_test=small, other=GREY)
        with h5py.File(self.folder / "set.h5", "w") as file:
            file["mine"] = small
        for arguments in ([self.folder / "columns.npy"], [self.folder / "stored.npz"], [self.folder / "packed.npz", "--batch", 5],
                          [data / "x_train.npy", "--batch", 1], [self.folder / "set.h5", "--hdf5-images", "mine"]):  # fmt: skip
            np.testing.assert_allclose(self.predict(one, *arguments), wanted, atol=1e-6, err_msg=str(arguments))
        np.save(self.folder / "large.npy", COLOUR)
        grey = resized(luma(COLOUR), 6, 7)
        np.save(self.folder / "small.npy", grey)
        self.refused("--convert grey --resize 6x7", arguments=["predict", one, self.folder / "large.npy", "--out", "-", *OFFLINE], code=2)
        brought = self.predict(one, self.folder / "large.npy", "--convert", "grey", "--resize", "6x7", "--batch", 5)
        np.testing.assert_allclose(brought, self.predict(one, self.folder / "small.npy"), atol=1e-6)

    def test_a_limit_that_leaves_classes_out_is_said(self):
        order = np.argsort(LABELS, kind="stable")
        np.savez(self.folder / "set.npz", x_train=resized(GREY, 6, 7)[order], y_train=LABELS[order], x_test=resized(GREY, 6, 7),
                 y_test=LABELS)  # fmt: skip
        train = ["train", "--network", self.folder / "network.json", "--data", self.folder / "set.npz", "--epochs", 1,
                 "--batch-size", 3, *OFFLINE]  # fmt: skip
        for limit, said in ((6, "1 of 3 classes have no image among the 6 training images: 2"),
                            (3, "2 of 3 classes have no image among the 3 training images: 1, 2"), (12, None)):  # fmt: skip
            one = self.folder / f"run{limit}"
            done = self.varphase(*train, "--train-limit", limit, "--run", one)
            self.assertEqual(done.returncode, 0, done.stderr)
            log = (one / "log.txt").read_text()
            if said:
                self.assertIn(said, done.stderr)
                self.assertIn("--train-limit", done.stderr)
            else:
                self.assertNotIn("no image among", done.stderr + log)
        one = self.folder / "tested"
        done = self.varphase(*train, "--test-limit", 2, "--run", one)
        self.assertIn("1 of 3 classes have no image among the 2 test images: 2; --test-limit", done.stderr)
        gap = np.where(LABELS == 1, 0, LABELS)
        np.savez(self.folder / "gap.npz", x_train=GREY, y_train=gap, x_test=GREY, y_test=gap)
        self.assertIn("1 of 3 classes have no image", self.described(self.folder / "gap.npz")["notes"][0])

    def bombs(self):
        """Small files that unpack to 300 MiB each."""
        count, side = 300, 1024
        zeros = bytes(count * side * side)
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (count, side, side)})
        with zipfile.ZipFile(self.folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x_train.npy", header.getvalue() + zeros)
        del zeros
        with h5py.File(self.folder / "bomb.h5", "w") as file:
            x = file.create_dataset("train/images", (count, side, side), np.uint8, chunks=(50, side, side), compression="gzip")
            for first in range(0, count, 50):
                x[first : first + 50] = 0
        with h5py.File(self.folder / "corner.h5", "w") as file:  # little is asked for, whole chunks are unpacked
            x = file.create_dataset("train/images", (5, 2, 2), np.uint8, chunks=(1, 2**13, 2**13), maxshape=(None, None, None),
                                    compression="gzip")  # fmt: skip
            for i in range(5):
                x[i] = 1
            x.resize((5, 1, 1))
        idx(self.folder / "train-labels-idx1-ubyte", [0])
        with gzip.open(self.folder / "train-images-idx3-ubyte.gz", "wb") as file:
            file.write(bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (count, side, side)))
            for _ in range(count):
                file.write(bytes(side * side))

    def test_bombs_are_refused_before_they_are_unpacked(self):
        self.bombs()

        def little_memory():  # the program itself takes less than half of it
            resource.setrlimit(resource.RLIMIT_DATA, (220 << 20, 220 << 20))

        for path in (self.folder / "bomb.npz", self.folder / "bomb.h5", self.folder / "corner.h5", self.folder):
            self.refused("would unpack to", "--max-unpacked-bytes", arguments=["data", path], preexec_fn=little_memory)
        self.refused("would unpack to", arguments=["import", self.folder / "bomb.npz", "--network", self.folder / "network.json",
                                                   "--data", "synthetic-digits", "--run", self.folder / "run"])  # fmt: skip
        done = self.refused("holds none of", arguments=["data", self.folder / "bomb.npz", "--max-unpacked-bytes", 400 << 20])
        self.assertNotIn("unpack to", done.stderr)


if __name__ == "__main__":
    unittest.main()
