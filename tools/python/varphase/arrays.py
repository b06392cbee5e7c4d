# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Images that a Python program holds, as files that the jobs read: uint8 .npy files in memory, gone when the job is done."""

import contextlib
import os
import pathlib
import shutil
import tempfile

import numpy as np

from varphase.errors import ShapeError, UsageError


def is_path(value):
    """Whether a job's `data` or `images` is a path or a data set's name, or several."""
    if value is None or isinstance(value, (str, bytes, os.PathLike)):
        return True
    return isinstance(value, (list, tuple)) and all(isinstance(item, (str, bytes, os.PathLike)) for item in value)


def pixels(images):
    """Images as the program stores them: [N, H, W], [N, C, H, W] or [N, H, W, C].

    Args:
        images: uint8 of 0 to 255, or floats of 0 to 1, pixel / 255: an array, or a tensor on any device

    Returns:
        uint8; of floats that are no bytes / 255 (blurred, attacked images) float32 of 0 to 1

    Raises:
        ShapeError: another number of dimensions
        UsageError: other numbers
    """
    images = _array(images)
    if images.ndim not in (3, 4):
        raise ShapeError(f"images of shape {list(images.shape)}: want [N, H, W], [N, C, H, W] or [N, H, W, C]")
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind == "b":
        return images.astype(np.uint8) * 255
    if images.dtype.kind != "f" or not np.isfinite(images).all() or images.min(initial=0) < 0 or images.max(initial=0) > 1:
        raise UsageError(f"images are {images.dtype} from {np.nanmin(images):g} to {np.nanmax(images):g}: want uint8, or floats of 0 to 1,"
                         " pixel / 255\n  normalized ones: give the pixels, and normalize='standard', pixel_mean=..., pixel_std=...")  # fmt: skip
    scaled = images.astype(np.float64) * 255
    whole = np.rint(scaled)
    return whole.astype(np.uint8) if np.abs(scaled - whole).max(initial=0) <= 1e-4 else images.astype(np.float32)


def _array(values):
    if hasattr(values, "detach"):  # a tensor
        values = values.detach().cpu()
        return values.float().numpy() if values.dtype.is_floating_point else values.numpy()
    return np.asarray(values)


def labelled(data):
    """(images, labels) of a pair of arrays, a Dataset of (image, label), or an iterable of batches (images, labels)."""
    if isinstance(data, (list, tuple)) and len(data) == 2 and all(hasattr(part, "__len__") for part in data):
        images, labels = pixels(data[0]), _array(data[1])
    else:
        parts = [data[i] for i in range(len(data))] if hasattr(data, "__getitem__") and hasattr(data, "__len__") else list(data)
        if not parts:
            raise UsageError("data: no images")
        single = np.ndim(_array(parts[0][1])) == 0
        join = np.stack if single else np.concatenate
        images = pixels(join([_array(image) for image, _ in parts]))
        # A Dataset of torchvision's tensors gives [1, H, W] an image, one of arrays perhaps [H, W].
        labels = join([_array(label) for _, label in parts])
    labels = labels.reshape(-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim != 1 or len(labels) != len(images):
        raise ShapeError(f"{len(images)} images and labels of shape {list(labels.shape)}: want one label an image")
    return images, labels.astype(np.int64)


def write_set(folder, data):
    """Writes a labelled set into a folder as the program reads it.

    Args:
        data: what `labelled` takes, all of whose images then are both training and test images; or a dict of such, "train"
            and "test", and perhaps "validation"

    Returns:
        whether the images are float32 of 0 to 1, not bytes
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts = data if isinstance(data, dict) else {"train": data}
    unknown = set(parts) - {"train", "test", "validation"}
    if unknown or "train" not in parts:
        raise UsageError(f"data: wants 'train' and 'test', and perhaps 'validation', got {', '.join(map(repr, parts))}")
    sets = {name: labelled(part) for name, part in parts.items()}
    in_floats = any(images.dtype != np.uint8 for images, _ in sets.values())
    for name, (images, labels) in sets.items():
        stem = {"validation": "val"}.get(name, name)
        np.save(folder / f"{stem}_images.npy", images.astype(np.float32) / 255 if in_floats and images.dtype == np.uint8 else images)
        np.save(folder / f"{stem}_labels.npy", labels)
    if "test" not in parts and "validation" not in parts:
        for what in ("images", "labels"):
            os.link(folder / f"train_{what}.npy", folder / f"test_{what}.npy")
    return in_floats


@contextlib.contextmanager
def temporary_folder():
    """A folder in memory where there is one, gone at the end."""
    room = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="varphase-", dir=room)
    try:
        yield pathlib.Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def as_files(job, given, folder):
    """Arrays among a job's arguments as paths of files below `folder`; all else as it is.

    A run that is made keeps the path of its images for later verbs: they are then written beside it, to RUN-images.
    """
    if not is_path(given.get("data")):
        keeps = job in ("train", "finetune", "import_") and given.get("run")
        place = pathlib.Path(f"{os.fspath(given['run'])}-images") if keeps else folder / "data"
        if keeps and place.exists():
            if not given.get("overwrite"):
                raise UsageError(f"{place}: there are images already\n  overwrite=True replaces them, data='{place}' takes them")
            shutil.rmtree(place)
        if write_set(place, given["data"]):
            given["data_pixel_range" if "data_pixel_range" in given else "pixel_range"] = "0..1"
        given["data"] = str(place)
    if job == "predict" and not is_path(given.get("images")):
        images = pixels(given["images"])
        if images.dtype != np.uint8:
            given["pixel_range"] = "0..1"
        np.save(folder / "images.npy", images)
        given["images"] = [str(folder / "images.npy")]
    if job == "evaluate" and not is_path(given.get("ood")):
        # Labels do not count there, but a set has two classes at least.
        images = pixels(given["ood"][0] if isinstance(given["ood"], (list, tuple)) and len(given["ood"]) == 2 else given["ood"])
        if write_set(folder / "ood", (images, np.arange(len(images)) % 2)):
            given["pixel_range"] = "0..1"
        given["ood"] = [str(folder / "ood")]
    return given
