# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The verbs that take PyTorch's own networks beside what the program reads: a module, or a file of torch.export or torch.save."""

import functools
import os

from varphase import arrays, jobs
from varphase.errors import UsageError

PYTORCH_FILES = (".pt2", ".pt", ".pth")  # what PyTorch alone reads


@functools.wraps(jobs.kappa)
def kappa(run="", **options):
    if not hasattr(run, "named_modules"):
        return jobs.kappa(run, **options)
    from varphase import modules

    data = options.pop("data", None)
    if arrays.is_path(data):
        raise UsageError("kappa of a module wants data=(images, labels), a Dataset or an iterable of batches")
    return modules.kappa(run, data, **options)


@functools.wraps(jobs.import_)
def import_(file="", **options):
    if not isinstance(file, (str, bytes, os.PathLike)) or not os.fsdecode(file).endswith(PYTORCH_FILES):
        return jobs.import_(file, **options)
    from varphase import exported

    with arrays.temporary_folder() as folder:
        weights, network = exported.as_imported(file, folder)
        return jobs.import_(weights, **{**options, "network": options.get("network") or network or ""})
