# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The notebooks of docs/notebooks, cell by cell, with small parameters; and docs/python.md's names.

    PYTHONPATH=build/python:tests/tools notebook_test.py PROGRAM
"""

import ast
import io
import json
import os
import pathlib
import re
import unittest

import matplotlib
import numpy as np
import torch
from matplotlib.figure import Figure

import varphase
from in_folder import InFolder
from program import idx

matplotlib.use("agg")

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
SMALL = {"first_transition": {"data": "synthetic-digits", "epochs": 2, "train_limit": 600},
         "own_network": {"folder": "digits", "train_limit": 400, "epochs": 1},
         "read_a_run": {"run_folder": "runs/first", "data": "synthetic-digits", "epochs": 2, "train_limit": 600}}  # fmt: skip
FIGURES = {"first_transition": 3, "own_network": 1, "read_a_run": 4}


def shown(source, names):
    """Runs a cell. @return the value of its last line, which a notebook shows"""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None


class Notebooks(InFolder):
    def test_every_cell_runs(self):
        draw = np.random.default_rng(0)
        os.mkdir("digits")
        for name, count in (("train", 600), ("t10k", 100)):
            labels = draw.integers(0, 10, count)
            images = draw.integers(0, 90, (count, 28, 28))
            images[np.arange(count), 2 * labels + 4, 14] = 255
            idx(pathlib.Path(f"digits/{name}-images-idx3-ubyte.gz"), images)
            idx(pathlib.Path(f"digits/{name}-labels-idx1-ubyte.gz"), labels)
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
            figures = [value for value in values if isinstance(value, Figure)]
            self.assertEqual(len(figures), FIGURES[path.stem])
            for value in figures:
                buffer = io.BytesIO()
                value.savefig(buffer, format="png")
                self.assertEqual(buffer.getvalue()[:4], b"\x89PNG")
            if path.stem != "read_a_run":
                self.assertAlmostEqual(float(values[-1].sum()), 8, 4)

    def test_blocks_of_the_page_run(self):
        """Those of docs/python.md in turn, in an empty folder; the run that it trains is a small one here."""
        class Own(torch.nn.Sequential):
            def __init__(self):
                super().__init__()
                for name, layer in (("pool", torch.nn.MaxPool2d(4)), ("flat", torch.nn.Flatten()), ("fc1", torch.nn.Linear(49, 20)),
                                    ("relu", torch.nn.ReLU()), ("fc2", torch.nn.Linear(20, 10))):  # fmt: skip
                    self.add_module(name, layer)

        torch.save(Own().state_dict(), "own.pt")
        images = torch.randint(0, 256, (40, 1, 28, 28), dtype=torch.uint8)
        names = {"Own": Own, "images": images, "labels": torch.arange(40) % 10}
        blocks = re.findall(r"^```python\n(.*?)^```$", (DOCS / "python.md").read_text(), re.MULTILINE | re.DOTALL)
        for block in blocks:
            small = block.replace("epochs=22", "epochs=2, data='synthetic-digits', train_limit=600, test_limit=100")
            exec(re.sub(r"\b10, 22\b", "1, 2", small).replace("epoch=22", "epoch=2"), names)
        self.assertEqual(len(blocks), 5)
        self.assertEqual(names["probabilities"].shape, (40, 10))
        self.assertIsInstance(names["ensemble"].dense1, varphase.nn.SparseVarianceLayer)
        for file in ("kappa.pdf", "transition.pdf", "sparse.h5"):
            self.assertTrue(pathlib.Path(file).is_file(), file)

    def test_what_the_page_calls_is_there(self):
        for name in set(re.findall(r"varphase\.([A-Za-z_][A-Za-z_.]*)\(", (DOCS / "python.md").read_text())):
            found = varphase
            for part in name.split("."):
                found = getattr(found, part)
            self.assertTrue(callable(found), name)


if __name__ == "__main__":
    unittest.main()
