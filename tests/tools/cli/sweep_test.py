# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""sweep: any criterion over any layers, of one run and of several; bad input.

    PYTHONPATH=tests/tools sweep_test.py PROGRAM
"""

import json
import unittest

from program import OFFLINE, ProgramTest, two_kinds_spec


class Sweep(ProgramTest):
    def test_what_a_sweep_says_of_a_cut_holds_for_the_file(self):
        (self.folder / "spec.json").write_text(json.dumps(two_kinds_spec()))
        several = self.train("several", "--network", self.folder / "spec.json", "--epochs", 1, "--members", 2)
        one = several / "members/00"

        def result(*arguments):
            done = self.works(*arguments, "--json", *OFFLINE)
            return json.loads(done.stdout)

        # What a sweep says of a cut is what the file says that holds it.
        how = ["--layer", "conv1,dense1", "--scope", "global", "--repair", "both", "--replace", "zero"]
        swept = result("sweep", one, "--criteria", "sigma2,variance-share,random", "--sparsities", "0.5,0.9",
                       "--split", "test", "--samples", 4, *how)  # fmt: skip
        self.assertEqual([row["criterion"] for row in swept["rows"][::2]], ["sigma2", "variance-share", "random"])
        row = swept["rows"][3]
        made = result("prune", one, "--criterion", "variance-share", "--sparsity", 0.9, *how, "--out", one / "pruned/90.h5")
        self.assertEqual(made["kept"], row["kept"])
        self.assertEqual({layer["layer"]: layer["kept"] for layer in made["layers"]}, row["kept_by_layer"])
        entry = result("eval", one / "pruned/90.h5", "--samples", 4)["entries"][0]
        self.assertAlmostEqual(entry["nll"]["ensemble"], row["nll"], delta=1e-5)
        self.assertAlmostEqual(entry["accuracy"]["ensemble"], row["accuracy"], delta=1e-9)
        self.assertAlmostEqual(entry["layer_sparsity"], row["sparsity"], delta=1e-12)

        # Over several runs: the means, and the standard error between them.
        both = result("sweep", several, "--criteria", "all", "--sparsities", 0.8, "--split", "test", "--samples", 4)
        own = [result("sweep", "--split", "test", "--samples", 4, "--criteria", "sigma2", "--sparsities", 0.8, several / member)
               for member in ("members/00", "members/01")]  # fmt: skip
        first, second = (sweep["rows"][0]["accuracy"] for sweep in own)
        mean = next(row for row in both["rows"] if row["criterion"] == "sigma2")
        self.assertAlmostEqual(mean["accuracy"], (first + second) / 2)
        self.assertAlmostEqual(mean["accuracy_se"], abs(first - second) / 2)
        self.assertIn("snr", [entry["criterion"] for entry in both["left_out"]])
        self.assertIn("conv1", both["left_out"][-1]["why"])

        self.fails(2, "beside it", arguments=["sweep", one, "--criteria", "all,kappa", *OFFLINE])
        self.fails(2, "of kappa alone", arguments=["sweep", one, "--criteria", "sigma2", "--thresholds", 1, *OFFLINE])
        self.fails(2, "drop<=", arguments=["sweep", one, "--choose", "best", "--samples", 1, *OFFLINE])


if __name__ == "__main__":
    unittest.main()
