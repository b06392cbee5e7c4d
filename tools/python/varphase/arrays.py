# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Images that a Python program holds: handed to a job where they lie (DLPack), or as files where a run keeps them."""

import contextlib
import os
import pathlib
import shutil
import tempfile

import numpy as np

from varphase._extension import engine
from varphase._request import assignments
from varphase.errors import FileError, ShapeError, UsageError

_LABELLED = "a path, (images, labels), a Dataset of (image, label) or an iterable of batches (images, labels)"


def is_path(value):
    """Whether a job's `data` or `images` is a path or a data set's name, or several."""
    if value is None or isinstance(value, (str, bytes, os.PathLike)):
        return True
    return isinstance(value, (list, tuple)) and all(isinstance(item, (str, bytes, os.PathLike)) for item in value)


def pixels(images, what="images"):
    """Images as the program takes them: [N, H, W], [N, C, H, W] or [N, H, W, C].

    Args:
        images: uint8 of 0 to 255, or floats of 0 to 1, pixel / 255: an array, or a tensor on any device

    Returns:
        a tensor on their device, the same memory where it can be: uint8; of floats that are no bytes / 255 (blurred, attacked
        images) float32 of 0 to 1

    Raises:
        ShapeError: another number of dimensions
        UsageError: other numbers
    """
    import torch

    images = _tensor(images, what)
    if images.dim() not in (3, 4):
        raise ShapeError(f"{what} of shape {list(images.shape)}: want [N, H, W], [N, C, H, W] or [N, H, W, C]")
    if images.dtype == torch.uint8:
        return images.contiguous()
    if images.dtype == torch.bool:
        return images.to(torch.uint8) * 255
    numbers = images.double()
    low, high = (numbers.min().item(), numbers.max().item()) if images.numel() else (0, 0)
    if not images.is_floating_point() or not (low >= 0 and high <= 1):
        raise UsageError(f"{what} are {_kind(images)} from {low:g} to {high:g}: want uint8, or floats of 0 to 1,"
                         " pixel / 255\n  normalized ones: give the pixels, and normalize='standard', pixel_mean=..., pixel_std=...")  # fmt: skip
    scaled = numbers * 255
    whole = scaled.round()
    are_bytes = not images.numel() or (scaled - whole).abs().max().item() <= 1e-4
    return (whole.to(torch.uint8) if are_bytes else images.float()).contiguous()


def _kind(values):
    """uint8 of torch.uint8."""
    return str(values.dtype).removeprefix("torch.")


def _tensor(values, what):
    """A tensor of what an array or a tensor holds, in its memory where it may be. @raises UsageError: no plain numbers"""
    import torch

    if not isinstance(values, torch.Tensor):
        values = _array(values, what)
        if values.dtype.isnative and all(step >= 0 for step in values.strides):
            return torch.from_numpy(values if values.flags.writeable else values.copy())
        return torch.from_numpy(np.ascontiguousarray(values, values.dtype.newbyteorder("=")))
    odd = next((name for name, holds in (("sparse", values.layout != torch.strided), ("meta", values.is_meta), ("quantized", values.is_quantized),
                                         ("complex", values.is_complex())) if holds), None)  # fmt: skip
    if odd:
        raise UsageError(f"{what} are a {odd} tensor ({_kind(values)}): want plain numbers")
    return values.detach()


def _array(values, what):
    try:
        values = np.asarray(values)
    except ValueError as error:  # lists of several lengths
        raise ShapeError(f"{what}: are no array: {error}") from error
    if values.dtype.kind not in "uifb" or values.dtype.itemsize > 8:
        raise UsageError(f"{what} are {values.dtype}: want plain numbers")
    return values


def _is_pair(data):
    """Whether it is (images, labels), not two batches or two examples, each a pair of its own."""
    return (isinstance(data, (list, tuple)) and len(data) == 2 and all(hasattr(part, "__len__") for part in data)
            and not all(isinstance(part, (list, tuple)) and len(part) == 2 and hasattr(part[0], "shape") for part in data))  # fmt: skip


def _joined(parts, join, what):
    try:
        return join([_tensor(part, what) for part in parts])
    except (RuntimeError, TypeError) as error:
        shapes = sorted({str(list(part.shape)) if hasattr(part, "shape") else str(list(np.shape(part))) for part in parts})
        if len(shapes) == 1:
            raise UsageError(f"{what} do not go together: {error}") from error
        raise ShapeError(f"{what} of several shapes do not go together: {', '.join(shapes)}") from error


def labelled(data):
    """(images, labels) of a pair of arrays, a Dataset of (image, label), or an iterable of batches (images, labels): tensors."""
    import torch

    if _is_pair(data):
        images, labels = pixels(data[0]), _tensor(data[1], "labels")
    else:
        if isinstance(data, dict) or hasattr(data, "__array__") or not (hasattr(data, "__iter__") or hasattr(data, "__getitem__")):
            raise UsageError(f"data: {type(data).__name__}: wants {_LABELLED}")
        parts = [data[i] for i in range(len(data))] if hasattr(data, "__getitem__") and hasattr(data, "__len__") else list(data)
        if not parts:
            raise UsageError("data: no images")
        other = next((part for part in parts if not isinstance(part, (tuple, list)) or len(part) != 2), None)
        if other is not None:
            raise UsageError(f"data: its parts are {type(other).__name__}s, no pairs: wants {_LABELLED}")
        single = np.ndim(parts[0][1]) == 0
        join = torch.stack if single else torch.cat
        # A Dataset of torchvision's tensors gives [1, H, W] an image, one of arrays perhaps [H, W].
        images, labels = pixels(_joined([image for image, _ in parts], join, "images")), _joined([label for _, label in parts], join, "labels")
    labels = labels.reshape(-1) if labels.dim() == 2 and labels.shape[1] == 1 else labels
    if labels.dim() != 1 or len(labels) != len(images):
        raise ShapeError(f"{len(images)} images and labels of shape {list(labels.shape)}: want one label an image")
    return images, _classes(labels)


def _classes(labels):
    """Labels in int64. Whole numbers may come as floats; others are no classes."""
    import torch

    classes = labels.to(torch.int64)
    changed = labels[classes.to(labels.dtype) != labels]
    if len(changed):
        raise UsageError(f"labels are {_kind(labels)}, {changed[0].item():g} among them: want classes, whole numbers from 0")
    return classes


def _parts(data):
    """Labelled sets by the stem that their arrays have, "train", "test", "val"; images in float32 where some are.

    Args:
        data: what `labelled` takes, all of whose images then are both training and test images; or a dict of such, "train"
            and "test", and perhaps "validation"
    """
    import torch

    parts = data if isinstance(data, dict) else {"train": data}
    unknown = set(parts) - {"train", "test", "validation"}
    if unknown or "train" not in parts:
        raise UsageError(f"data: wants 'train' and 'test', and perhaps 'validation', got {', '.join(map(repr, parts))}")
    sets = {{"validation": "val"}.get(name, name): labelled(part) for name, part in parts.items()}
    if any(images.dtype != torch.uint8 for images, _ in sets.values()):
        sets = {stem: (images.float() / 255 if images.dtype == torch.uint8 else images, labels)
                for stem, (images, labels) in sets.items()}  # fmt: skip
    if "test" not in sets and "val" not in sets:
        sets["test"] = sets["train"]
    return sets


def write_set(folder, sets):
    """Writes what `_parts` gives into a folder as the program reads it.

    Returns:
        whether the images are float32 of 0 to 1, not bytes
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for stem, parts in sets.items():
        for what, values in zip(("images", "labels"), parts, strict=True):
            if stem == "test" and parts is sets["train"]:
                os.link(folder / f"train_{what}.npy", folder / f"test_{what}.npy")
            else:
                np.save(folder / f"{stem}_{what}.npy", values.cpu().numpy())
    return sets["train"][0].is_floating_point()


@contextlib.contextmanager
def temporary_folder():
    """A folder in memory where there is one, gone at the end."""
    room = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="varphase-", dir=room)
    try:
        yield pathlib.Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def held(arrays):
    """Tensors by name where they lie, as a name that jobs take in place of a path, while the context lasts."""
    from torch.utils.dlpack import to_dlpack

    name = engine().hold([(name, to_dlpack(values), "0..1" if values.is_floating_point() else "") for name, values in arrays.items()])
    try:
        yield name
    finally:
        engine().release(name)


def held_set(data):
    """`held` of a labelled set."""
    return held({f"{stem}_{what}": values for stem, parts in _parts(data).items()
                 for what, values in zip(("images", "labels"), parts, strict=True)})  # fmt: skip


def unlabelled(data, what):
    """The images of whatever `data` is: an array, images one by one or by batches, (images, labels), a Dataset, or batches of (images, labels)."""
    import torch

    if hasattr(data, "__array__"):
        return pixels(data, what)
    if _is_pair(data) and np.ndim(data[1]) == 1:
        return pixels(data[0], what)
    if not isinstance(data, (list, tuple)) and hasattr(data, "__iter__") and not isinstance(data, dict):
        data = list(data)
    if isinstance(data, (list, tuple)) and data and all(hasattr(image, "shape") for image in data):
        return pixels(_joined(data, torch.cat if np.ndim(data[0]) == 4 else torch.stack, what), what)
    return labelled(data)[0]


def _placed_beside_run(given, stack):
    """Writes a run's images to RUN-images. Where the job fails before the run is begun, what was there comes back.

    Returns:
        their folder, and whether they are float32 of 0 to 1
    """
    run = pathlib.Path(os.fspath(given["run"]))
    place, config = pathlib.Path(f"{run}-images"), run / "config.json"
    if place.exists() and not given.get("overwrite"):
        raise UsageError(f"{place}: there are images already\n  overwrite=True replaces them, data='{place}' takes them")

    def begun():
        return (config.stat().st_ino, config.stat().st_mtime_ns) if config.is_file() else None

    before, sets = begun(), _parts(given["data"])
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = pathlib.Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
        stack.callback(shutil.rmtree, beside, ignore_errors=True)
        is_real = write_set(beside / "new", sets)

        def give_back():
            """Of an end between the two renames."""
            if (beside / "old").exists() and not place.exists():
                (beside / "old").rename(place)

        stack.callback(give_back)
        if place.exists():
            place.rename(beside / "old")
        (beside / "new").rename(place)
    except OSError as error:
        raise FileError(f"{place}: the images cannot be kept there: {error.strerror}") from error

    def settle(error, *_):
        if error is not None and begun() == before:
            shutil.rmtree(place, ignore_errors=True)
            if (beside / "old").exists():
                (beside / "old").rename(place)

    stack.push(settle)
    return place, is_real


def placed(job, given, stack):
    """Arrays among a job's arguments as names of what is held while `stack` lasts; all else as it is.

    A run that is made keeps the path of its images for later verbs: they are written beside it, to RUN-images.
    """
    if not is_path(given.get("data")):
        if job in ("train", "finetune", "import_") and given.get("run"):
            place, is_real = _placed_beside_run(given, stack)
            given["data"] = str(place)
            # finetune takes over the configuration of a run whose images may have been of the other kind.
            given["set"] = [f"data.pixel_range={'0..1' if is_real else 'none'}", *assignments(given.get("set") or ())]
        else:
            given["data"] = stack.enter_context(held_set(given["data"]))
    if job == "predict" and not is_path(given.get("images")):
        given["images"] = [stack.enter_context(held({"images": unlabelled(given["images"], "images")}))]
    if job == "evaluate" and not is_path(given.get("ood")):
        import torch

        # Labels do not count there, but a set has two classes at least.
        images = unlabelled(given["ood"], "ood")
        given["ood"] = [stack.enter_context(held_set((images, torch.arange(len(images)) % 2)))]
    return given
