# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Makes the fuzzers' first inputs: small files of every kind that is read.

    make_corpus.py PROGRAM FOLDER       writes FOLDER/<target>/<name>, which tests/fuzz/corpus holds
"""

import base64
import gzip
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import zlib

import h5py
import numpy as np

SPEC = {"input": [1, 8, 8], "classes": 3, "layers": [
    {"conv2d": {"out": 2, "kernel": 3}}, "batch_norm", "relu", {"max_pool": 2},
    {"variance_dense": {"out": 4}}, "softplus", {"dense": {"out": 3}}]}  # fmt: skip
# libjpeg's cjpeg of noise: baseline, grey and colour; progressive. tests/src/data/image_files.hpp makes such.
JPEG = {
    "grey.jpg": base64.b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8yb"
        "qmx5moq6T/wAALCAAGAAUBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIh"
        "MUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhI"
        "WGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AGm2"
        "ad2jWKP91gfM2eP++cZ4PYV//9k="),
    "colour.jpg": base64.b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8yb"
        "qmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAG"
        "AAUDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhBy"
        "JxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKT"
        "lJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAA"
        "AAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRom"
        "JygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExc"
        "bHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwBXKw7d6kqRhdrspwPXB60UUV2UqMJQTaOStUkptJn/2Q=="),
    "progressive.jpg": base64.b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8yb"
        "qmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wgARCAAG"
        "AAUDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAVAQEBAAAAAAAAAAAAAAAAAAABAv/aAAwDAQACEAMQAAABsSf/xAAWEAEBAQ"
        "AAAAAAAAAAAAAAAAABAAL/2gAIAQEAAQUCwN//xAAVEQEBAAAAAAAAAAAAAAAAAAAAEf/aAAgBAwEBPwGP/8QAFhEAAwAAAAAAAAAAAAAAAAAA"
        "AAER/9oACAECAQE/Aaz/xAAVEAEBAAAAAAAAAAAAAAAAAAAAIf/aAAgBAQAGPwKP/8QAGBAAAgMAAAAAAAAAAAAAAAAAAAERIYH/2gAIAQEAAT"
        "8htyWn/9oADAMBAAIAAwAAABDz/8QAFREBAQAAAAAAAAAAAAAAAAAAAQD/2gAIAQMBAT8QQt//xAAVEQEBAAAAAAAAAAAAAAAAAAAAAf/aAAgB"
        "AgEBPxCr/8QAGRABAAIDAAAAAAAAAAAAAAAAAQARUWGB/9oACAEBAAE/EGFg0K9acM//2Q=="),
}  # fmt: skip


def png(image, interlaced=0):
    height, width = image.shape[:2]

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    colour = {1: 0, 2: 4, 3: 2, 4: 6}[image.shape[2] if image.ndim == 3 else 1]
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, colour, 0, 0, interlaced])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def idx(values):
    return bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


def npz(compressed, **arrays):
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def hdf5(images, labels, **options):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.create_dataset("train/images", data=images, **options)
        file.create_dataset("train/labels", data=labels, **options)
    return stream.getvalue()


def own_files(program, folder):
    """What the program itself writes, of a network as small as may be."""
    noise = np.random.default_rng(0)
    images = folder / "images"
    images.mkdir()
    for part, count in (("train", 30), ("t10k", 12)):
        (images / f"{part}-images-idx3-ubyte").write_bytes(idx(noise.integers(0, 256, (count, 8, 8), np.uint8)))
        (images / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(count, dtype=np.uint8) % 3))
    (folder / "spec.json").write_text(json.dumps(SPEC))
    offline = ["--threads", "1", "--device", "cpu", "--quiet"]
    run = folder / "run"
    for verb in (["train", "--network", folder / "spec.json", "--data", images, "--epochs", 1, "--batch-size", 10, "--run", run, *offline],
                 ["kappa", run, "--epoch", "last", *offline],
                 ["prune", run, "--sparsity", 0.5, "--out", folder / "zero.h5", *offline],
                 ["prune", run, "--sparsity", 0.5, "--replace", "mean", "--out", folder / "mean.h5", *offline],
                 ["export", run, "--to", "safetensors", "--out", folder / "whole.safetensors"],
                 ["export", folder / "zero.h5", "--to", "safetensors", "--out", folder / "zero.safetensors"],
                 ["transition", run]):  # fmt: skip
        subprocess.run([program, *map(str, verb)], check=True, stdout=subprocess.DEVNULL)
    return {"document": {"checkpoint": run / "checkpoints/epoch_0001.h5", "kappa": run / "kappa/epoch_0001.h5",
                         "pruned_zero": folder / "zero.h5", "pruned_mean": folder / "mean.h5"},
            "tensors": {"checkpoint": folder / "whole.safetensors", "pruned": folder / "zero.safetensors"},
            "json": {"config": run / "config.json", "transition": run / "transition.json", "metrics": run / "metrics.csv",
                     "spec": folder / "spec.json"}}  # fmt: skip


def main():
    program, out = sys.argv[1], pathlib.Path(sys.argv[2])
    noise = np.random.default_rng(1)
    pixels = noise.integers(0, 256, (3, 4, 4), np.uint8)
    labels = np.arange(3, dtype=np.uint8)
    cifar = bytes([1]) + noise.integers(0, 256, 3072, np.uint8).tobytes()
    weights = {"dense1.weight": noise.normal(size=(3, 4)).astype(np.float32), "dense1.bias": np.zeros(3)}
    corpus = {
        "arrays": {"idx3": b"\0" + idx(pixels), "idx1": b"\1" + idx(labels), "idx_gz": b"\0" + gzip.compress(idx(pixels), mtime=0),
                   "cifar10": b"\2" + cifar, "cifar100": b"\3\2" + cifar},
        "pictures": {"grey.png": png(pixels[0]), "alpha.png": png(noise.integers(0, 256, (4, 4, 4), np.uint8)),
                     "colour.png": png(noise.integers(0, 256, (5, 3, 3), np.uint8)), **JPEG},
        "hdf5_set": {"plain": hdf5(pixels, labels), "chunked": hdf5(pixels, labels.astype(np.int64), chunks=True),
                     "gzip": hdf5(pixels, labels, compression="gzip", shuffle=True, fletcher32=True)},
        "tensors": {"stored.npz": npz(False, **weights), "packed.npz": npz(True, **weights),
                    "set.npz": npz(True, x_train=pixels, y_train=labels), "one.npy": npy(pixels), "columns.npy": npy(np.asfortranarray(pixels))},
        "json": {"nested": b'{"a": [1, -2.5e3, {"b": [[], {}]}], "c": "\\u00e9\\n", "d": true} // end',
                 "set": b"train.learning_rate=1e-3"},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for target, files in own_files(program, pathlib.Path(folder)).items():
            corpus.setdefault(target, {}).update({name: path.read_bytes() for name, path in files.items()})
    for target, files in corpus.items():
        (out / target).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / target / name).write_bytes(content)


if __name__ == "__main__":
    main()
