# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The compiled extension: loaded when it is first wanted, and what it says of its jobs."""

import functools
import json


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
