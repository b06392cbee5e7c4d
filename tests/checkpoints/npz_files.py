# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The NPZ files of npz_test.cpp, made by NumPy and zipfile in the current folder."""

import io
import pathlib
import struct
import warnings
import zipfile
import zlib

import numpy as np
import torch

rows = (100 * np.arange(2)[:, None, None] + 10 * np.arange(3)[:, None] + np.arange(4)).astype("<f4")
arrays = {
    "rows": rows,
    "columns": np.asfortranarray(rows),
    "f8": np.array([0.1, -0.0]),
    "f2": np.array([0.5, -65504], "<f2"),
    "i8": np.array([-1, 1 << 60]),
    "i4": np.array([-5, 7], "<i4"),
    "u1": np.array([0, 255], "u1"),
    "b1": np.array([True, False]),
    "scalar": np.float32(2.5),
    "empty": np.zeros((0, 3), "<f4"),
    "conv1.weight": np.ones((1, 1, 1, 1), "<f4"),
}
np.savez("stored.npz", **arrays)
np.savez_compressed("deflated.npz", **arrays)


def npy(array, version):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


for name in ("stored.npz", "deflated.npz"):
    with zipfile.ZipFile(name, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header2.npy", npy(rows, (2, 0)))

np.savez("whole.npz", i1=np.array([-128, 127], "i1"), i2=np.array([-2, 3], "<i2"), u2=np.array([0, 65535], "<u2"),
         u4=np.array([0, 2**32 - 1], "<u4"), u8=np.array([0, 2**63 - 1], "<u8"), turned=np.asfortranarray(np.arange(6, dtype="<i2").reshape(2, 3)))  # fmt: skip
np.savez("over.npz", u8=np.array([0, 2**63], "<u8"))
np.savez_compressed("zeros.npz", small=np.ones(3, "u1"), large=np.zeros(1 << 20, "u1"))
np.save("alone.npy", rows)
np.savez("objects.npz", a=np.array([{}], dtype=object))
np.savez("big.npz", a=np.array([1, 2], ">f4"))
np.savez("structured.npz", a=np.zeros(2, [("x", "<f4"), ("y", "<i4")]))
np.savez("complex.npz", a=np.zeros(2, "<c8"))
torch.save({"conv1.weight": torch.ones(1)}, "torch.pt")
six = npy(np.arange(6, dtype="<f4"), (1, 0))
with zipfile.ZipFile("bzip2.npz", "w", zipfile.ZIP_BZIP2) as archive:
    archive.writestr("a.npy", six)
with zipfile.ZipFile("short.npz", "w") as archive:
    archive.writestr("a.npy", six[:-1])
with zipfile.ZipFile("long.npz", "w") as archive:
    archive.writestr("a.npy", six + b"x")
with zipfile.ZipFile("twice.npz", "w") as archive, warnings.catch_warnings():
    warnings.simplefilter("ignore")
    archive.writestr("a.npy", six)
    archive.writestr("a.npy", six)


def archive_of(rows, stored):
    """A ZIP archive by hand, where the directory's rows are (name, data of the member, where its local header lies)."""
    directory = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0, 0, 0, 0, 0, at) + name
        for name, data, at in rows)  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(rows), len(rows), len(directory), len(stored), 0)
    return stored + directory + end


def local(name, data):
    return struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0) + name + data


# One member within another's bytes, with its own local header, so that only the bytes are shared.
inner = local(b"b.npy", six)
outer = npy(np.frombuffer(inner, "u1"), (1, 0))
stored = local(b"a.npy", outer)
inside = stored.index(inner)
pathlib.Path("overlap.npz").write_bytes(archive_of([(b"a.npy", outer, 0), (b"b.npy", six, inside)], stored))
pathlib.Path("apart.npz").write_bytes(archive_of([(b"a.npy", outer, 0), (b"b.npy", six, len(stored))], stored + inner))

# A deflated member that says in both its headers that it unpacks to much more than deflate can make of it.
with zipfile.ZipFile("claims.npz", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a.npy", six)
honest = pathlib.Path("claims.npz").read_bytes()
pathlib.Path("claims.npz").write_bytes(honest.replace(struct.pack("<I", len(six)), struct.pack("<I", 4_000_000_000)))
np.savez("nothing.npz")
