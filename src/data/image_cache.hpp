// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace varphase {

/// Where decoded sets are kept: $VARPHASE_CACHE, $XDG_CACHE_HOME/varphase or ~/.cache/varphase; ""
/// where none of these is set.
std::filesystem::path cache_folder();

/// The file of a set with that key, in cache_folder().
std::filesystem::path cache_file(const std::string& key);

}  // namespace varphase
