# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Turns one good file into many that a reader must refuse, each with a digest that is right.

    hostile_files.py GOOD.h5 FOLDER      writes FOLDER/<case>.h5 for every function below
"""

import hashlib
import pathlib
import struct
import sys

import h5py
import numpy as np

TRAILER = 56
BOUNDS = ("v110", "v110")
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def seal(content):
    head = b"VARPHASE" + struct.pack("<IIQ", 1, 0, len(content))
    return content + head + hashlib.sha256(content + head).digest()


@case
def unchanged(f):
    pass


@case
def external_link(f):
    f["parameters/x"] = h5py.ExternalLink("/etc/passwd", "/x")


@case
def soft_link(f):
    f["parameters/x"] = h5py.SoftLink("/parameters/conv1")


@case
def dangling_soft_link(f):
    f["parameters/x"] = h5py.SoftLink("/nothing")


@case
def external_storage(f):
    f.create_dataset("parameters/x", (4,), "f4", external=[("/etc/passwd", 0, 16)])


@case
def virtual_dataset(f):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    f.create_virtual_dataset("parameters/x", layout)


@case
def deflate(f):
    f.create_dataset("parameters/x", data=np.zeros(100000, "f4"), compression="gzip", fletcher32=True)


@case
def deflate_bomb(f):
    f.create_dataset("parameters/x", data=np.zeros(50_000_000, "f4"), chunks=(1_000_000,), compression=9)


@case
def shuffle(f):
    f.create_dataset("parameters/x", data=np.zeros(100, "f4"), chunks=(100,), shuffle=True)


@case
def no_filter(f):
    f.create_dataset("parameters/x", data=np.zeros(100, "f4"), chunks=(100,))


@case
def contiguous(f):
    f.create_dataset("parameters/x", data=np.zeros(100, "f4"))


@case
def true_scalar(f):
    f["parameters/x"] = np.float32(1)


@case
def huge_shape(f):
    f.create_dataset("parameters/x", (2**40, 2**10), "f4", chunks=(1024, 1), fletcher32=True)


@case
def huge_product(f):
    f.create_dataset("parameters/x", (2**32, 2**32), "f4", chunks=(1024, 1), fletcher32=True)


@case
def huge_chunk(f):
    f.create_dataset("parameters/x", (2,), "f4", maxshape=(None,), chunks=(2**29,), fletcher32=True)


@case
def missing_chunks(f):
    f.create_dataset("parameters/x", (1000,), "f4", chunks=(10,), fletcher32=True)[:10] = 1


@case
def rank_9(f):
    f.create_dataset("parameters/x", data=np.zeros((1,) * 9, "f4"), chunks=(1,) * 9, fletcher32=True)


def typed(f, dtype):
    f.create_dataset("parameters/x", (4,), dtype, chunks=(4,), fletcher32=True)[:] = np.zeros(4, dtype)


@case
def big_endian(f):
    typed(f, ">f4")


@case
def float16(f):
    typed(f, "f2")


@case
def unsigned64(f):
    typed(f, "u8")


@case
def compound(f):
    typed(f, [("a", "f4"), ("b", "i4")])


@case
def boolean(f):
    typed(f, "?")


@case
def fixed_text(f):
    typed(f, "S7")


@case
def variable_text(f):
    f.create_dataset("parameters/x", (4,), h5py.string_dtype(), chunks=(4,))


@case
def reference(f):
    f.create_dataset("parameters/x", (4,), h5py.ref_dtype, chunks=(4,))


@case
def named_type(f):
    f["parameters/x"] = np.dtype("f4")


@case
def loop(f):
    f["parameters/conv1/x"] = f["parameters"]


@case
def loop_to_root(f):
    f["parameters/x"] = f["/"]


@case
def second_name(f):
    f["parameters/x"] = f["parameters/conv1/weight"]


@case
def deep(f):
    f.create_group("/".join(["x"] * 300))


@case
def name_with_escape(f):
    f.create_group("parameters/\x1b[2Jx")


@case
def variable_text_attribute(f):
    f.attrs["x"] = "text"


@case
def list_attribute(f):
    f.attrs["x"] = np.arange(3)


@case
def int32_attribute(f):
    f.attrs.create("x", 3, dtype="i4")


@case
def reference_attribute(f):
    f.attrs.create("x", f["parameters"].ref, dtype=h5py.ref_dtype)


@case
def group_attribute(f):
    f["parameters"].attrs["x"] = 1


@case
def dataset_attribute(f):
    f["parameters/conv1/weight"].attrs["x"] = 1


@case
def newer_inside(f):
    f.attrs.modify("format_version", np.int64(2))


@case
def version_of_wrong_type(f):
    f.attrs["format_version"] = 1.0


@case
def incomplete(f):
    del f.attrs["complete"]


@case
def without_kind(f):
    del f.attrs["kind"]


def main():
    good, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for name, change in CASES.items():
        path = folder / f"{name}.h5"
        path.write_bytes(good.read_bytes()[:-TRAILER])
        with h5py.File(path, "r+", libver=BOUNDS) as f:
            change(f)
        path.write_bytes(seal(path.read_bytes()))
    for name, options in {"old_superblock": {"libver": "earliest"}, "user_block": {"userblock_size": 512}}.items():
        path = folder / f"{name}.h5"
        with h5py.File(path, "w", **options) as f:
            f.attrs["kind"] = np.bytes_(b"checkpoint")
        path.write_bytes(seal(path.read_bytes()))
    with h5py.File(folder / "foreign.h5", "w") as f:
        f["x"] = np.zeros(100)
    with h5py.File(folder / "foreign_v110.h5", "w", libver=BOUNDS) as f:
        f["x"] = np.zeros(100)


if __name__ == "__main__":
    main()
