# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Tests that each have a new folder as the working folder, gone at their end."""

import os
import pathlib
import shutil
import tempfile
import unittest

from program import PROGRAM


class InFolder(unittest.TestCase):
    def setUp(self):
        assert PROGRAM
        before = os.getcwd()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="varphase-python-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
