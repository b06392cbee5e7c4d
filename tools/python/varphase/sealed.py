# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The program's own files (checkpoints/FORMAT.md), looked at before they are believed."""

import hashlib
import os

from varphase.errors import FileError, FormatError

_MAGIC, _TRAILER, _DIGEST = b"VARPHASE", 56, 32  # what stands behind the HDF5 part, and its SHA-256 at the end


def opened(path):
    """One of the program's files as an h5py.File.

    Raises:
        FileError: a file that cannot be read
        FormatError: a file of another program, or one that is no longer what was written
    """
    import h5py

    try:
        with open(path, "rb") as file:
            size, held = os.fstat(file.fileno()).st_size, hashlib.sha256()
            file.seek(max(0, size - _TRAILER))
            trailer = file.read()
            if trailer[: len(_MAGIC)] == _MAGIC:
                file.seek(0)
                for start in range(0, size - _DIGEST, 1 << 20):
                    held.update(file.read(min(1 << 20, size - _DIGEST - start)))
    except OSError as error:
        raise FileError(f"{os.fsdecode(path)}: cannot be read: {error.strerror}") from error
    if trailer[: len(_MAGIC)] != _MAGIC:
        raise FormatError(f"{os.fsdecode(path)}: is no file of Varphase, or its end is lost")
    if held.digest() != trailer[-_DIGEST:]:
        raise FormatError(f"{os.fsdecode(path)}: is damaged: its SHA-256 is not the one in its trailer")
    return h5py.File(path, "r")
