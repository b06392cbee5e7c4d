# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Sphinx's settings for the site that tools/docs makes. Its source is the repository as it stands: pages and the links between them are those of GitHub."""

import pathlib
import re

project = html_title = "Varphase"
author = "The Varphase authors"
project_copyright = "2026 The Varphase authors"
root_doc = "docs/README"
extensions = ["myst_parser"]
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**.md", "checkpoints/FORMAT.md"]
exclude_patterns = [".*", "build", "runs"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
highlight_language = "text"
smartquotes = False  # they would join the two hyphens of a flag
html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_search_summary = False  # summaries are fetched, which a browser refuses where pages are files
html_show_sphinx = False


def add_contents(app, docname, source):
    """The first page's tables are the site's contents: a heading is a caption, a row's link a page."""
    if docname != root_doc:
        return
    parts = re.split(r"^## (.*)$", source[0], flags=re.MULTILINE)[1:]
    for caption, text in zip(parts[::2], parts[1::2]):
        pages = re.findall(r"^\| \[([^\]]+)\]\(([^)]+)\.md\)", text, flags=re.MULTILINE)
        lines = "\n".join(f"{title} <{page}>" for title, page in pages)
        source[0] += f"\n```{{toctree}}\n:caption: {caption}\n:hidden:\n\n{lines}\n```\n"


def say_levels(app, pagename, templatename, context, doctree):
    """The captions in the list of contents are headings; of which level, furo leaves out, which readers of screens need."""
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('class="caption" role="heading"', 'class="caption" role="heading" aria-level="2"')


def write_index(app, exception):
    if exception is None and app.builder.name == "html":
        index = '<!doctype html>\n<meta charset="utf-8">\n<title>Varphase</title>\n<meta http-equiv="refresh" content="0; url=docs/README.html">\n' \
                '<a href="docs/README.html">Documents</a>\n'  # fmt: skip
        pathlib.Path(app.outdir, "index.html").write_text(index)


def setup(app):
    app.connect("source-read", add_contents)
    app.connect("html-page-context", say_levels, priority=900)
    app.connect("build-finished", write_index)
