# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Writes the HDF5 sets that dataset_files_test reads, each by the name of its case.

    hdf5_sets.py FOLDER
"""

import pathlib
import sys

import h5py
import numpy as np

FOLDER = pathlib.Path(sys.argv[1])


def images(count, seed, channels=3):
    """The noise of tests/src/data/idx_files.hpp, [N, C, 4, 5]."""
    out = np.empty(count * channels * 20, np.uint8)
    for i in range(len(out)):
        seed = (seed * 1664525 + 1013904223) % 2**32
        out[i] = seed >> 24
    return out.reshape(count, channels, 4, 5)


TRAIN, TEST = images(6, 1), images(4, 2)
TRAIN_LABELS, TEST_LABELS = np.array([0, 1, 2, 0, 1, 2]), np.array([2, 1, 0, 0])


def write(name, join="/", change=lambda x: x, test="test", labels=np.int64, libver=None, edit=None, **options):
    with h5py.File(FOLDER / f"{name}.h5", "w", libver=libver) as file:
        for part, x, y in (("train", TRAIN, TRAIN_LABELS), (test, TEST, TEST_LABELS)):
            file.create_dataset(f"{part}{join}images", data=change(x), **options)
            file.create_dataset(f"{part}{join}labels", data=y.astype(labels))
        if edit:
            edit(file)


def last(x):
    return x.transpose(0, 2, 3, 1)


def replaced(name, data, **options):
    def edit(file):
        del file[name]
        file.create_dataset(name, data=data, **options)

    return edit


def linked(file):
    del file["train/images"]
    file["train/images"] = h5py.ExternalLink("elsewhere.h5", "/images")


def soft(file):
    file["other"] = file["train/images"]
    del file["train/images"]
    file["train/images"] = h5py.SoftLink("/other")


def virtual(file):
    del file["train/images"]
    layout = h5py.VirtualLayout((6, 3, 4, 5), np.uint8)
    layout[:] = h5py.VirtualSource("elsewhere.h5", "images", (6, 3, 4, 5))
    file.create_virtual_dataset("train/images", layout)


def external(file):
    del file["train/images"]
    file.create_dataset("train/images", (6, 3, 4, 5), np.uint8, external=[("elsewhere.bin", 0, 360)])


def unwritten(file):
    del file["train/images"]
    file.create_dataset("train/images", (6, 3, 4, 5), np.uint8, chunks=(1, 3, 4, 5))


def bomb(file):
    del file["train/images"]
    file.create_dataset("train/images", (10**9, 3, 4, 5), np.uint8, chunks=(1, 3, 4, 5))


def small(file):
    for part in ("train", "test"):
        x = file[f"{part}/images"][:]
        del file[f"{part}/images"]
        file.create_dataset(f"{part}/images", data=np.repeat(x[:, :, :1], 3, 2)[..., :3])


def small_said(file):
    small(file)
    for part in ("train", "test"):
        file[f"{part}/images"].attrs["layout"] = "NCHW"


# Those that give the same images.
write("nchw")
write("nhwc", change=last)
write("latest", libver="latest")
write("flat", join="_")
write("val", test="val")
write("labels-u1", labels=np.uint8)
write("labels-big-endian", labels=">i4")
write("chunked", chunks=(2, 3, 4, 5))
write("packed", change=last, compression="gzip", shuffle=True, fletcher32=True, chunks=(4, 2, 5, 3))
write("said", change=last, edit=lambda f: [f[f"{p}/images"].attrs.__setitem__("layout", "NHWC") for p in ("train", "test")])
write("said-fixed", change=last,
      edit=lambda f: [f[f"{p}/images"].attrs.__setitem__("layout", np.bytes_("NHWC")) for p in ("train", "test")])  # fmt: skip
write("grey", change=lambda x: x[:, 0])
write("three-by-three", edit=small_said)
# Those that are refused.
write("ambiguous", edit=small)
write("no-labels", edit=lambda f: f.__delitem__("test/labels"))
write("float", change=lambda x: x.astype(np.float32), edit=lambda f: f["train/images"].attrs.__setitem__("range", "0-255"))
write("wide", change=lambda x: x.astype(np.int32))
write("count", edit=replaced("train/labels", TRAIN_LABELS[:5]))
write("negative", edit=replaced("train/labels", TRAIN_LABELS - 1))
write("huge-label", edit=replaced("train/labels", TRAIN_LABELS * 10**9))
write("rank", change=lambda x: x[:, 0, 0])
write("five-channels", change=lambda x: np.concatenate([x, x], 1)[:, :5])
write("lzf", compression="lzf")
write("layout", edit=lambda f: f["train/images"].attrs.__setitem__("layout", "NWHC"))
for case in (linked, soft, virtual, external, unwritten, bomb):
    write(case.__name__, edit=case)


# Images alone, as `predict` takes them.
with h5py.File(FOLDER / "alone.h5", "w") as file:
    file.create_dataset("images", data=last(TEST), chunks=(3, 4, 5, 3), compression="gzip", fletcher32=True)
with h5py.File(FOLDER / "alone-linked.h5", "w") as file:
    file["other"] = TEST
    file["images"] = h5py.SoftLink("/other")
with h5py.File(FOLDER / "alone-float.h5", "w") as file:
    file["images"] = TEST / 255
with h5py.File(FOLDER / "alone-wide.h5", "w") as file:
    file["images"] = TEST.astype(np.int16)
with h5py.File(FOLDER / "alone-none.h5", "w") as file:
    file["pictures"] = TEST
with h5py.File(FOLDER / "alone-empty.h5", "w") as file:
    file["images"] = TEST[:0]
