# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""A font's letters as a style of a page: font_style.py FONT.ttf OUT.css

Only what figures are written in is kept (Latin, Greek, raised and lowered digits, mathematical signs), so that a figure
which carries its font with it stays small.
"""

import base64
import io
import sys

from fontTools import subset

RANGES = [(0x20, 0x7E), (0xA0, 0x17F), (0x391, 0x3C9), (0x2010, 0x2026), (0x2070, 0x208E), (0x2200, 0x22FF)]


def style_of(path):
    options = subset.Options(flavor="woff", layout_features=["kern", "mark", "mkmk"], notdef_outline=True)
    font = subset.load_font(path, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    bytes_of = io.BytesIO()
    font.flavor = "woff"
    font.save(bytes_of)
    data = base64.b64encode(bytes_of.getvalue()).decode()
    return f'@font-face {{ font-family: "Varphase Figure"; src: url(data:font/woff;base64,{data}) format("woff"); }}\n'


if __name__ == "__main__":
    source, out = sys.argv[1:]
    with open(out, "w", encoding="utf-8") as file:
        file.write(style_of(source))
