# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""long_functions.py on planted functions of every form that the tree has."""

import unittest

from long_functions import long_functions

# What opens the block; True where it is a function.
HEADS = {
    "void f(int a) {": True,
    "std::vector<double> longer(const std::string& name,\n                           const Inputs& inputs) {": True,
    "template <class T>\n__global__ void __launch_bounds__(256)\n    kernel(Job<T> job) {": True,
    "Reader::Reader(const std::string& path)\n    : path_(path),\n      source_(path) {": True,
    "const auto each = [](int a) {": True,
    "namespace varphase {": False,
    "struct Row {": False,
    "class Layer final : public Base<int(int)> {": False,
    "template <class T>\nstruct Row {": False,
    "enum class Kind : std::uint8_t {": False,
    "const std::vector<Row> kRows{": False,
    "const std::map<std::string, int (*)(int)> kRows = {": False,
}


def file_of(head, lines, depth=0):
    """A file with one block of so many lines, in which smaller blocks lie."""
    space = " " * depth
    inner = ["  if (a) {", "    b();", "  }"]
    body = [inner[n % 3] for n in range(3 * (lines // 3))] + ["  c();"] * (lines % 3)
    block = head.split("\n") + body + ["}"]
    return "\n".join(["#include <vector>", "", *(space + line for line in block), "", "int after() { return 1; }", ""])


class LongFunctions(unittest.TestCase):
    def test_longer_ones_are_found_where_they_begin(self):
        for head, function in HEADS.items():
            for depth in (0, 2):
                with self.subTest(head=head, depth=depth):
                    first = 4 if head.startswith("template") else 3
                    self.assertEqual(long_functions(file_of(head, 80, depth)), [(first, 81)] if function else [])
                    self.assertEqual(long_functions(file_of(head, 79, depth)), [])

    def test_of_nested_ones_the_outermost_and_then_the_next(self):
        body = ["  call([](int a) {", *["    b();"] * 100, "  });"]
        text = "\n".join(["int f() {", *body, "}", "", "int g() {", *body, "}", ""])
        self.assertEqual(long_functions(text), [(1, 103), (106, 103)])


if __name__ == "__main__":
    unittest.main()
