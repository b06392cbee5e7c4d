// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace varphase {

/// A table of numbers with named columns, such as a run's metrics.csv.
struct CsvTable {
  std::vector<std::string> columns;
  std::vector<std::vector<double>>
      rows;                // each as wide as columns; NaN where a cell is empty or says nan
  bool truncated = false;  // the last line was left out because it has no line end

  bool has(std::string_view column) const;
  /// The column's values by row; empty where there is no such column.
  std::vector<double> values(std::string_view column) const;
};

/// Reads comma-separated text: a header line, then lines of numbers; cells may be quoted, lines may end in CR LF.
///
/// A last line without a line end is what a killed writer leaves and may hold a part of a number: it is left out.
/// @throws Error format, naming `origin`, line and column: no header, a column twice, a line with too few or too many
///   cells, a cell that is no number.
CsvTable parse_csv(std::string_view text, const std::string& origin);

/// @throws Error io or format.
CsvTable read_csv(const std::filesystem::path& path);

/// One cell that holds a name as text (src/base/byte_text.hpp), quoted where it must be. An apostrophe is put before a
/// name that a spreadsheet would take for a formula (it begins with =, +, - or @), and before one that begins with an
/// apostrophe.
std::string csv_cell(std::string text);

/// A number as one cell; "nan" where it is not finite.
std::string csv_cell(double value);

}  // namespace varphase
