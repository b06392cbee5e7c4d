# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""eval: several networks together; bad input.

    PYTHONPATH=tests/tools eval_test.py PROGRAM
"""

import json
import unittest

from program import OFFLINE, ProgramTest


class Eval(ProgramTest):
    def test_networks_predict_together(self):
        two = self.train_tiny("two", "--members", 2)
        done = self.works("eval", "--together", two, "--samples", 5, "--json", *OFFLINE)
        result = json.loads(done.stdout)
        self.assertEqual([len(result["entries"]), result["together"]["networks"]], [2, 2])
        own = [entry["nll"]["ensemble"] for entry in result["entries"]]
        self.assertLessEqual(result["together"]["nll"]["ensemble"], sum(own) / 2)  # Jensen

    def test_a_damaged_checkpoint_is_refused_by_name(self):
        one = self.train_tiny("one")
        damaged = self.folder / "damaged.h5"
        damaged.write_bytes((one / "checkpoints/epoch_0001.h5").read_bytes()[:-1000])
        self.fails(3, "damaged.h5", arguments=["eval", damaged, *OFFLINE])

    def test_a_wrong_file_is_refused_before_the_others_are_predicted_with(self):
        one = self.train_tiny("one")
        self.works("kappa", one, "--epoch", "last", *OFFLINE)
        many = ["--samples", 1000000, *OFFLINE]  # never ends where it begins
        page = self.folder / "page.html"
        page.write_text("<html></html>")
        for verb in ("eval", "shift"):
            self.fails(3, "page.html", arguments=[verb, one, page, *many])
            self.fails(3, "epoch_0001.h5: is a kappa map", arguments=[verb, one, one / "kappa/epoch_0001.h5", *many])

    def test_a_path_that_is_not_there_is_no_reason_to_train(self):
        one = self.train_tiny("one")
        for path, words in ((one / "pruned/95.h5", "no run or file there\n  it would lie in the run"),
                            (one / "checkpoints", "no run (there is no config.json)\n  it lies in the run"),
                            (self.folder / "none.h5", "none.h5: no run or file there\n"),
                            (self.folder / "none", "make one with: varphase train")):  # fmt: skip
            with self.subTest(path.name):
                self.fails(3, words, arguments=["eval", path, *OFFLINE])


if __name__ == "__main__":
    unittest.main()
