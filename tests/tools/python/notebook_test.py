# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The notebooks of docs/notebooks, cell by cell, with small parameters; and docs/python.md's names.

    PYTHONPATH=build/python:tests/tools notebook_test.py PROGRAM
"""

import ast
import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest

import varphase
from program import PROGRAM

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
SMALL = {"first_transition": {"data": "synthetic-digits", "epochs": 2, "train_limit": 600}}


def shown(source, names):
    """Runs a cell. @return the value of its last line, which a notebook shows"""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None


class Notebooks(unittest.TestCase):
    def test_every_cell_runs(self):
        assert PROGRAM
        before, folder = os.getcwd(), tempfile.mkdtemp(prefix="varphase-notebook-")
        self.addCleanup(shutil.rmtree, folder)
        self.addCleanup(os.chdir, before)
        os.chdir(folder)
        notebooks = sorted((DOCS / "notebooks").glob("*.ipynb"))
        self.assertEqual([path.stem for path in notebooks], list(SMALL))
        for path in notebooks:
            names, values = {}, []
            for cell in json.loads(path.read_text())["cells"]:
                if cell["cell_type"] != "code":
                    continue
                self.assertEqual(cell["outputs"], [], f"{path}: outputs are not kept")
                values.append(shown("".join(cell["source"]), names))
                if "parameters" in cell["metadata"].get("tags", []):
                    self.assertLessEqual(set(SMALL[path.stem]), set(names))
                    names.update(SMALL[path.stem])
            figures = [value for value in values if hasattr(value, "_repr_png_")]
            self.assertEqual(len(figures), 3)
            for value in figures:
                self.assertEqual(value._repr_png_()[:4], b"\x89PNG")
            self.assertAlmostEqual(float(values[-1].sum()), 8, 4)

    def test_what_the_page_calls_is_there(self):
        for name in set(re.findall(r"varphase\.([A-Za-z_][A-Za-z_.]*)\(", (DOCS / "python.md").read_text())):
            found = varphase
            for part in name.split("."):
                found = getattr(found, part)
            self.assertTrue(callable(found), name)


if __name__ == "__main__":
    unittest.main()
