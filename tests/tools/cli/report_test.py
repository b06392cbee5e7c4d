# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""report: one page that needs nothing beside it, of several runs too; its figures as files; --watch for this machine alone; bad input.

    PYTHONPATH=tests/tools report_test.py PROGRAM
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import time
import unittest

from program import OFFLINE, PROGRAM, ProgramTest


def listeners(process):
    """Addresses on which a process listens, as /proc/net/tcp and tcp6 have them."""
    owned = subprocess.run(["find", f"/proc/{process}/fd", "-lname", "socket:*", "-printf", "%l\n"], capture_output=True, text=True).stdout.split()
    rows = [line.split() for name in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/{process}/net/{name}").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in owned]


BROWSER = any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")))


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
        process = subprocess.Popen([PROGRAM, "report", "--watch", one], stdout=subprocess.PIPE, text=True)
        for end in (process.stdout.close, process.wait, process.kill):  # the last one first, however the test ends
            self.addCleanup(end)
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
        first = events.readline()
        self.assertRegex(first, rb"^data: \d{13}\n$")  # of no other server: a page that was open all along hears of a new one
        self.works("train", "--resume", "--run", one, "--epochs", 2, *OFFLINE)
        second = next(line for line in events if line.startswith(b"data"))  # others are signs of life
        self.assertEqual(second, b"data: %d\n" % (int(first.split()[1]) + 1))
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

    @unittest.skipUnless(BROWSER or os.environ.get("VARPHASE_REQUIRE_BROWSER") == "1", "no Chromium on this machine")
    def test_figures(self):
        one = self.train_tiny("one")
        self.works("sweep", one, "--criteria", "magnitude,random", "--samples", 2, *OFFLINE)
        self.works("report", one, "--figures", self.folder / "figures")
        svg = (self.folder / "figures/figure1.svg").read_text()
        self.assertRegex(svg, r'<svg[^>]* width="84mm" height="[0-9.]+mm" viewBox="0 0 \d+ \d+"')
        self.assertIn("src: url(data:font/woff;base64,", svg)
        self.assertNotRegex(svg, r"modebar|<script")
        # Told apart without their colours: every curve has a mark or a stroke of its own.
        looks = [(re.search(r'js-line[^>]*stroke-dasharray: ([^;"]*)', curve), re.search(r'class="point"[^>]* d="([^"]*)"', curve))
                 for curve in svg.split('class="trace scatter')[1:]]  # fmt: skip
        looks = [tuple(one.group(1) if one else "" for one in pair) for pair in looks]
        self.assertGreater(len(looks), 2)
        self.assertEqual(len(set(looks)), len(looks), looks)
        self.assertIn("magnitude", (self.folder / "figures/sweep-criteria.svg").read_text())
        shutil.copytree(one, self.folder / "two")
        self.works("report", one, self.folder / "two", "--out", self.folder / "both.html", "--figures", self.folder / "both")
        svg = (self.folder / "both/compare-accuracy.svg").read_text()
        self.assertRegex(svg, r'<svg[^>]* width="84mm"')
        edges = [curve for curve in svg.split('class="trace scatter')[1:] if re.search(r'js-line[^>]*stroke-width: 0px', curve)]
        self.assertEqual(['class="point"' in edge for edge in edges], [False] * 4)  # of two bands, which have no marks
        self.assertFalse((self.folder / "both/compare-over.svg").exists())  # no maps
        self.works("report", one, "--figures", self.folder / "figures", "--format", "png")
        png = (self.folder / "figures/figure1.png").read_bytes()
        self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(struct.unpack(">I", png[16:20])[0], round(84 / 25.4 * 300))
        self.works("report", one, "--figures", self.folder / "figures", "--format", "pdf")
        pdf = (self.folder / "figures/figure1.pdf").read_bytes()
        self.assertEqual(pdf[:5], b"%PDF-")
        self.assertIn(b"FontFile2", pdf)
        width, _ = map(float, re.search(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", pdf).groups())
        self.assertAlmostEqual(width, 84 / 25.4 * 72, delta=1)
        self.fails(2, "transition.svg", "--overwrite", arguments=["report", one, "--figures", self.folder / "figures"])

    @unittest.skipUnless(BROWSER or os.environ.get("VARPHASE_REQUIRE_BROWSER") == "1", "no Chromium on this machine")
    def test_an_end_while_figures_are_drawn_leaves_nothing(self):
        one, there = self.train_tiny("one"), self.folder / "temporary"
        there.mkdir()
        drawing = subprocess.Popen([PROGRAM, "report", one, "--figures", self.folder / "figures", "--format", "pdf"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(there)})  # fmt: skip
        end = time.monotonic() + 60
        while not list(there.glob("varphase-figures-*/profile")):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        drawing.send_signal(signal.SIGINT)
        out, err = drawing.communicate(timeout=30)
        self.assertEqual(drawing.returncode, 130, out + err)
        self.assertEqual(list(there.iterdir()), [])
        browsers = [path.read_bytes() for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        self.assertFalse([words for words in browsers if bytes(there) in words])
        self.assertFalse((one / "report.html").exists())

    def test_no_figures_without_a_browser(self):
        one = self.train_tiny("one")
        told = self.fails(2, "report --figures", "apt-get install chromium",
                          arguments=["report", one, "--figures", self.folder / "figures"], env={**os.environ, "PATH": "/nowhere"})  # fmt: skip
        self.assertFalse((self.folder / "figures").exists(), told)
        self.fails(2, "svg, pdf, png", arguments=["report", one, "--figures", self.folder / "figures", "--format", "gif"])
        self.fails(2, "--figures", arguments=["report", "--watch", one, "--figures", self.folder / "figures"])


if __name__ == "__main__":
    unittest.main()
