# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Calls of the engine's jobs: arguments to a request in JSON, its result to Python."""

import contextlib
import functools
import json
import numbers
import os

from varphase import arrays
from varphase.errors import UsageError
from varphase.listener import Listener, ProgressBar

PYTORCH_FILES = (".pt2", ".pt", ".pth")  # what PyTorch alone reads
_RESUMED = {
    "train": "what was done is saved: train(run=..., resume=True) goes on from there",
    "finetune": "what was done is saved: finetune(run=..., resume=True) goes on from there",
    "kappa": "finished maps are saved: the same call goes on from there",
    "attack": "finished batches are saved: the same call goes on from there",
}


def engine():
    """The extension, and LibTorch with it: the first call takes as long as `import torch`."""
    import torch  # noqa: F401  its libraries are what the extension is linked against

    from varphase import _engine

    return _engine


@functools.cache
def described():
    """The jobs by name, as the engine describes them: `fields` and `settings`, each by name."""
    table = {}
    for job in json.loads(engine().jobs()):
        table[job["name"]] = {"about": job["about"], "fields": {field["name"]: field for field in job["fields"]},
                              "settings": {field["name"]: field for field in job["settings"]}}  # fmt: skip
    return table


def text(value):
    """A text, path or number as the engine takes texts: UTF-8, whatever bytes a path has (src/base/byte_text.hpp)."""
    import torch

    if isinstance(value, torch.device):
        value = str(value)
    if isinstance(value, bool) or not isinstance(value, (str, bytes, os.PathLike, numbers.Real)):
        raise UsageError(f"{value!r}: wants a text or a path")
    if "\0" in str(value):
        raise UsageError(f"{value!r}: holds a NUL, which no path has")
    raw = str(value).encode() if isinstance(value, numbers.Real) else os.fsencode(value)
    shown = raw.decode("utf-8", "surrogateescape").replace("\\", "\\\\")
    escaped = []
    for letter in shown:
        code = ord(letter)
        if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
            escaped.append(f"\\x{code - 0xDC00:02X}")
        elif code < 0x20 or 0x7F <= code < 0xA0:
            escaped += [f"\\x{byte:02X}" for byte in letter.encode()]
        else:
            escaped.append(letter)
    return "".join(escaped)


def assignments(given):
    """`set` as a list of "section.field=value": it may be a dict."""
    if isinstance(given, dict):
        return [f"{name}={_value(value)}" for name, value in given.items()]
    return _list(given)


def _value(value):
    return os.fspath(value) if isinstance(value, (str, os.PathLike)) else json.dumps(value, default=_plain)


def _plain(value):
    """A number of NumPy's or PyTorch's, or an array of them, for JSON."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise UsageError(f"{value!r}: wants a number or a text")


def _list(value):
    if isinstance(value, (str, bytes, os.PathLike, numbers.Real)):
        value = [value]
    if not hasattr(value, "__iter__"):
        raise UsageError(f"{value!r}: wants a text, a path or a list of them")
    return [text(item) for item in value]


def _numbers(value):
    if isinstance(value, str):
        value = value.split(",")
    try:
        return [float(item) for item in (value if hasattr(value, "__iter__") else [value])]
    except (TypeError, ValueError) as error:
        raise UsageError(f"{value!r}: wants numbers") from error


def _field(value, kind):
    if kind.startswith("list[str]"):
        return _list(value)
    if kind.startswith("list[float]"):
        return _numbers(value)
    if kind == "str":
        return text(value)
    return value


def request(job, given):
    """The request of a job from its function's arguments; None stands for the default.

    Raises:
        UsageError: a text or list that is none; all else is checked by the engine
    """
    known = described()[job]
    fields = {name: _field(value, known["fields"][name]["type"]) for name, value in given.items()
              if name in known["fields"] and name != "set" and value is not None}  # fmt: skip
    settings = [f"{known['settings'][name]['section']}.{name}={_value(value)}" for name, value in given.items()
                if name in known["settings"] and value is not None]  # fmt: skip
    if "set" in known["fields"]:
        # What `set` says lies over the single arguments.
        fields["set"] = [text(item) for item in settings] + assignments(given.get("set") or ())
    return fields


def _kappa_of_module(given):
    """kappa of a network that is no run: what differs from the defaults goes on to modules.kappa."""
    from varphase import modules

    fields = described()["kappa"]["fields"]
    more = {name: value for name, value in given.items() if name not in ("run", "data")
            and (name not in fields or value != (fields[name]["default"] if fields[name]["default"] != [] else ()))}  # fmt: skip
    if more.get("progress", 0) is None:
        del more["progress"]
    if more.get("listener", 0) is None:
        del more["listener"]
    if arrays.is_path(given["data"]):
        raise UsageError("kappa of a module wants data=(images, labels), a Dataset or an iterable of batches")
    return modules.kappa(given["run"], given["data"], **more)


def _take_pytorch_s(given, stack):
    """A file of torch.export or torch.save in place of one that the program reads."""
    if not os.fsdecode(given["file"]).endswith(PYTORCH_FILES):
        return
    from varphase import exported

    given["file"], network = exported.as_imported(given["file"], stack.enter_context(arrays.temporary_folder()))
    given["network"] = given["network"] or network or ""


def call(job, given):
    """Runs a job. `given` are its function's arguments, `progress` and `listener` among them."""
    if job == "kappa" and hasattr(given["run"], "named_modules"):  # a module of torch.nn
        return _kappa_of_module(given)
    listener, progress = given.pop("listener"), given.pop("progress")
    if not isinstance(listener, (Listener, type(None))):
        raise UsageError(f"listener: {listener!r}: wants an object of a class derived from varphase.Listener")
    if listener is None:
        listener = Listener() if progress is False else ProgressBar(always=progress is True)
    with contextlib.ExitStack() as stack:
        if job == "import_":
            _take_pytorch_s(given, stack)
        asked = json.dumps(request(job, arrays.placed(job, given, stack)), default=_plain)
        _refuse_after_fork(given.get("threads"))
        try:
            return json.loads(engine().run(job, asked, listener))
        except KeyboardInterrupt as interruption:
            if job in _RESUMED:
                interruption.add_note(_RESUMED[job])
            raise


_several_threads_in = set()  # processes, this one or those that it was forked from, whose jobs used several threads


def _refuse_after_fork(threads):
    """OpenMP waits for ever where a process has used several threads and the one that is forked from it does so too."""
    if threads in (None, 1):
        return
    if _several_threads_in - {os.getpid()}:
        raise UsageError("this process was forked from one whose jobs had used several threads, and would hang\n"
                         "  start it by multiprocessing.get_context('spawn'), or give threads=1")  # fmt: skip
    _several_threads_in.add(os.getpid())
