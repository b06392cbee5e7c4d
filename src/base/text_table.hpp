// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace varphase {

/// A plain text table with right-aligned columns, for stdout. Rows may be printed one by one as
/// they come.
class TextTable {
 public:
  struct Column {
    std::string title;
    int width;
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  std::string header() const;
  std::string row(const std::vector<std::string>& cells) const;

 private:
  std::vector<Column> columns_;
};

/// 12.3 kB, 4.56 MB: decimal units.
std::string bytes_text(double bytes);

/// 60000 -> "60,000".
std::string count_text(long long count);

}  // namespace varphase
