// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace varphase {

/// A manual page in roff, of section 1, from what --help is made of.
/// @param app   the whole program @param verb  of which verb; "": the page of the program, which names them all
std::string man_page(const CLI::App& app, const std::string& verb);

}  // namespace varphase
