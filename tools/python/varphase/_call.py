# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Calls of the engine's jobs: arguments to a request in JSON, its result to Python."""

import contextlib
import json
import os

from varphase import arrays
from varphase._extension import engine
from varphase._request import plain, request
from varphase.errors import UsageError
from varphase.listener import Listener, ProgressBar

_RESUMED = {
    "train": "what was done is saved: train(run=..., resume=True) goes on from there",
    "finetune": "what was done is saved: finetune(run=..., resume=True) goes on from there",
    "kappa": "finished maps are saved: the same call goes on from there",
    "attack": "finished batches are saved: the same call goes on from there",
}


def call(job, given):
    """Runs a job. `given` are its function's arguments, `progress` and `listener` among them."""
    listener, progress = given.pop("listener"), given.pop("progress")
    if not isinstance(listener, (Listener, type(None))):
        raise UsageError(f"listener: {listener!r}: wants an object of a class derived from varphase.Listener")
    if listener is None:
        listener = Listener() if progress is False else ProgressBar(always=progress is True)
    with contextlib.ExitStack() as stack:
        asked = json.dumps(request(job, arrays.placed(job, given, stack)), default=plain)
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
