# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A name out of some."""

from varphase.errors import UsageError


def only(names, wanted, what):
    """The name that is wanted, or the only one."""
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted not in names:
        raise UsageError(f"{what} {wanted!r}: wants one of {', '.join(names)}")
    return wanted
