# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Plotly.js without an address that it could ask or send to: offline_script.py PLOTLY.min.js OUT.js

The page promises to need no network, and Plotly.js holds the addresses of its cloud, of maps, icons and fonts. In code
each becomes about:invalid, which every browser refuses; in comments, which are licences, it loses its scheme alone. The
names of XML namespaces stay: they are names, nothing is asked there.
"""

import pathlib
import re
import sys

NAMESPACE = r"http://www\.w3\.org/(?:2000/svg|2000/xmlns/|1999/xlink|1999/xhtml|XML/1998/namespace)(?![\w/])"
ADDRESS = re.compile(rf"(?!{NAMESPACE})(?:https?|wss?|ftp)://[^\s\"'`<>()\\]*", re.IGNORECASE)
# As bundlers write licences; no code has these two.
COMMENT = re.compile(r"/\*!.*?\*/|/\*\*?\n.*?\*/", re.DOTALL)


def without_scheme(text):
    return re.sub(rf"(?!{NAMESPACE})(?:https?|wss?|ftp)://", "", text, flags=re.IGNORECASE)


def offline(text):
    pieces, last = [], 0
    for comment in COMMENT.finditer(text):
        pieces += [ADDRESS.sub("about:invalid", text[last : comment.start()]), without_scheme(comment.group())]
        last = comment.end()
    return "".join(pieces) + ADDRESS.sub("about:invalid", text[last:])


if __name__ == "__main__":
    source, out = map(pathlib.Path, sys.argv[1:])
    out.write_text(offline(source.read_text(encoding="utf-8")), encoding="utf-8")
