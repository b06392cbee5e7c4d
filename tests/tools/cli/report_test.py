# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""report: one page that needs nothing beside it, of several runs too; --watch for this machine alone; bad input.

    PYTHONPATH=tests/tools report_test.py PROGRAM
"""

import http.client
import json
import pathlib
import shutil
import signal
import subprocess
import unittest

from program import OFFLINE, PROGRAM, ProgramTest


def listeners(process):
    """Addresses on which a process listens, as /proc/net/tcp and tcp6 have them."""
    owned = subprocess.run(["find", f"/proc/{process}/fd", "-lname", "socket:*", "-printf", "%l\n"], capture_output=True, text=True).stdout.split()
    rows = [line.split() for name in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/{process}/net/{name}").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in owned]


class Report(ProgramTest):
    def test_a_page(self):
        one = self.train_tiny("one")
        self.works("kappa", one, *OFFLINE)
        self.works("report", one)
        page = (one / "report.html").read_text()
        self.assertIn("kappa", page)
        self.assertNotRegex(page, r"<(script|link|img)[^>]* (src|href)=.?https?:")
        self.fails(3, "no/such/run", arguments=["report", "no/such/run"])

    def test_runs_side_by_side(self):
        one = self.train_tiny("one", "--kappa-every", 1, "--learning-rate", 0.01)
        five = self.train_tiny("five", "--kappa-every", 1, "--members", 2)
        self.fails(2, "--out", arguments=["report", one, five])
        self.works("report", one, five, "--out", self.folder / "all.html")
        page = (self.folder / "all.html").read_text()
        for words in ("3 runs side by side: one, 00, 01", "five, mean of 2", '<th scope="col">train.learning_rate</th>'):
            self.assertTrue(words in page, words)  # assertIn would print all of the page
        self.works("report", five)
        self.assertTrue("2 runs side by side: 00, 01" in (five / "report.html").read_text())
        shutil.rmtree(five / "members/01")  # a training of members that has yet to begin it
        self.works("report", five, "--out", self.folder / "first.html")
        self.assertTrue("1 run side by side: 00" in (self.folder / "first.html").read_text())

    def test_watched_by_this_machine_alone(self):
        one = self.train_tiny("one", "--kappa-every", 1)
        before = sorted(path.name for path in one.rglob("*"))
        with subprocess.Popen([PROGRAM, "report", "--watch", one], stdout=subprocess.PIPE, text=True) as process:
            self.addCleanup(process.kill)
            port = int(process.stdout.readline().split(":")[2].strip("/\n"))
            self.assertEqual(listeners(process.pid), [f"0100007F:{port:04X}"])

            def ask(path, method="GET", **headers):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                self.addCleanup(connection.close)
                connection.request(method, path, headers=headers)
                return connection.getresponse()

            page = ask("/")
            self.assertEqual((page.status, page.headers["Cache-Control"]), (200, "no-store"))
            text = page.read().decode()
            for words in ("connect-src 'self'", "all 1 epochs are trained"):
                self.assertTrue(words in text, words)
            for host, status in (("evil.example", 403), (f"evil.example:{port}", 403), ("127.0.0.1", 403), (f"localhost:{port}", 200)):
                self.assertEqual(ask("/update", Host=host).status, status, host)
            self.assertEqual([ask("/", "POST").status, ask("/../one/config.json").status, ask("/config.json").status], [405, 404, 404])

            events = ask("/events")
            self.assertEqual(events.headers["Content-Type"], "text/event-stream")
            self.assertEqual((events.readline(), events.readline()), (b"data: 1\n", b"\n"))
            self.works("train", "--resume", "--run", one, "--epochs", 2, *OFFLINE)
            self.assertEqual(next(line for line in events if line.startswith(b"data")), b"data: 2\n")  # others are signs of life
            update = ask("/update").read().decode()
            self.assertLess(len(update), len(text) / 4)
            data = json.loads(update.split('id="report-data">')[1].split("</script>")[0])
            self.assertEqual(data["metrics"]["epoch"][:2], [0, 1])
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(20), 0)
        self.assertFalse((one / "report.html").exists() or (one / "transition.json").exists())
        self.assertLessEqual(set(before), {path.name for path in one.rglob("*")})
        self.fails(2, "--out", arguments=["report", "--watch", one, "--out", self.folder / "x.html"])
        self.fails(3, "no/such/run", arguments=["report", "--watch", "no/such/run"])


if __name__ == "__main__":
    unittest.main()
