// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace varphase {

/// A plain text table with right-aligned columns, for stdout. Its header and rows are made one at a time, so that rows
/// can be printed as they come.
class TextTable {
 public:
  static constexpr std::size_t kWidth = 80;
  struct Column {
    std::string title;
    int width;
    /// over 0: may be left out of a narrow table; the largest goes first, until the rest fits
    int spare = 0;
    bool name = false;  // in a narrow table, a text longer than the column is cut at its front
  };
  /// @param narrow  whether it has to fit 80 characters
  explicit TextTable(std::vector<Column> columns, bool narrow = false);

  std::string header() const;
  /// @param cells  of all columns, also of those that are left out
  std::string row(const std::vector<std::string>& cells) const;
  /// "--wide adds: a, b", or "" where no column was left out.
  std::string left_out() const;

 private:
  std::size_t width() const;

  std::vector<Column> columns_;
  std::vector<bool> shown_;
  bool narrow_;
};

/// 12.3 kB, 4.56 MB: decimal units.
std::string bytes_text(double bytes);

/// 60000 -> "60,000".
std::string count_text(long long count);

}  // namespace varphase
