# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Prints all that h5py finds in a file, as JSON with the values' bytes in hexadecimal: read_by_h5py.py FILE"""

import json
import sys

import h5py
import numpy as np


def plain(value):
    return value.decode() if isinstance(value, bytes) else np.asarray(value).item()


def main():
    found = {"attributes": {}, "arrays": {}}
    with h5py.File(sys.argv[1], "r") as f:
        for name, value in f.attrs.items():
            found["attributes"][name] = repr(plain(value))

        def visit(name, item):
            if isinstance(item, h5py.Dataset):
                found["arrays"][name] = {
                    "type": item.dtype.str,
                    "shape": list(item.shape),
                    "fletcher32": bool(item.fletcher32),
                    "attributes": {key: plain(value) for key, value in item.attrs.items()},
                    "bytes": item[()].tobytes().hex(),
                }

        f.visititems(visit)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
