# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""What the jobs raise: one class for each kind of error, each with the program's own text."""


class VarphaseError(Exception):
    """Something that a job refused or could not do; the text says what, where and what to do."""

    kind = ""


class UsageError(VarphaseError, ValueError):
    """An argument that is not known, out of its range, or does not go with another."""

    kind = "usage"


class FileError(VarphaseError, OSError):
    """A file or folder that is not there, cannot be read, or is there and not to be replaced."""

    kind = "io"


class FormatError(VarphaseError, ValueError):
    """A file that is damaged or of another kind than the one that is wanted."""

    kind = "format"


class ShapeError(VarphaseError, ValueError):
    """Arrays or images whose shape does not fit the network."""

    kind = "shape"


class UnsupportedError(VarphaseError, NotImplementedError):
    """A layer, module or network for which there is no way to do what was asked."""

    kind = "unsupported"


class NumericError(VarphaseError, ArithmeticError):
    """Numbers that are no longer finite."""

    kind = "numeric"


class DeviceError(VarphaseError, RuntimeError):
    """A GPU that is not there, or memory that does not suffice."""

    kind = "device"


_KINDS = {kind.kind: kind for kind in VarphaseError.__subclasses__()}


def of_kind(kind, message):
    """The exception for an error of the program."""
    return _KINDS[kind](message)
