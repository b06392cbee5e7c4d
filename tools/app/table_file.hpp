// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "src/base/json.hpp"

namespace varphase {

/// Writes a result, with its folder: its table as CSV where the name ends in .csv, else all of it as JSON.
/// @throws Error io.
void write_table_file(const std::filesystem::path& path, const std::function<Json()>& json,
                      const std::function<std::string()>& csv);

}  // namespace varphase
