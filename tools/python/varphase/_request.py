# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Requests of the engine's jobs in JSON, made of their functions' arguments."""

import json
import numbers
import os

from varphase._extension import described
from varphase.errors import UsageError


def text(value):
    """A text, path or number as the engine takes texts: UTF-8, whatever bytes a path has (src/base/byte_text.hpp)."""
    import torch

    if isinstance(value, torch.device):
        value = str(value)
    if isinstance(value, bool) or not isinstance(value, (str, bytes, os.PathLike, numbers.Real)):
        raise UsageError(f"{value!r}: wants a text or a path")
    raw = str(value).encode() if isinstance(value, numbers.Real) else os.fsencode(value)
    if 0 in raw:
        raise UsageError(f"{value!r}: holds a NUL, which no path has")
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
    return os.fspath(value) if isinstance(value, (str, os.PathLike)) else json.dumps(value, default=plain)


def plain(value):
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
