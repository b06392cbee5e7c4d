# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""report: one page that needs nothing beside it; bad input.

    PYTHONPATH=tests/tools report_test.py PROGRAM
"""

import unittest

from program import OFFLINE, ProgramTest


class Report(ProgramTest):
    def test_a_page(self):
        one = self.train_tiny("one")
        self.works("kappa", one, *OFFLINE)
        self.works("report", one)
        page = (one / "report.html").read_text()
        self.assertIn("kappa", page)
        self.assertNotRegex(page, r"<(script|link|img)[^>]* (src|href)=.?https?:")
        self.fails(3, "no/such/run", arguments=["report", "no/such/run"])



if __name__ == "__main__":
    unittest.main()
