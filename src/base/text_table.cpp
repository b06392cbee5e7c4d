// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/text_table.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "src/base/error.hpp"

namespace varphase {

namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

/// The end of a text, with dots before it: of paths the end tells them apart.
std::string end_of(const std::string& text, int width) {
  auto left = std::count_if(text.begin(), text.end(), begins_character);
  if (left <= width || width < 4) return text;
  std::size_t at = 0;
  for (; left > width - 3 || !begins_character(text[at]); ++at)
    left -= begins_character(text[at]) ? 1 : 0;
  return "..." + text.substr(at);
}

}  // namespace

TextTable::TextTable(std::vector<Column> columns, bool narrow)
    : columns_(std::move(columns)), shown_(columns_.size(), true), narrow_(narrow) {
  while (narrow && width() > kWidth) {
    std::size_t least = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (shown_[i] && columns_[i].spare > 0 &&
          (least == columns_.size() || columns_[i].spare >= columns_[least].spare))
        least = i;
    }
    if (least == columns_.size()) return;
    shown_[least] = false;
  }
}

std::size_t TextTable::width() const {
  std::size_t all = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!shown_[i]) continue;
    all += (all == 0 ? 0 : 2) +
           std::max(static_cast<std::size_t>(columns_[i].width), columns_[i].title.size());
  }
  return all;
}

std::string TextTable::left_out() const {
  std::string text;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!shown_[i]) text += (text.empty() ? "--wide adds: " : ", ") + columns_[i].title;
  }
  return text;
}

std::string TextTable::header() const {
  std::vector<std::string> titles;
  titles.reserve(columns_.size());
  for (const Column& column : columns_) titles.push_back(column.title);
  return row(titles);
}

std::string TextTable::row(const std::vector<std::string>& cells) const {
  VARPHASE_CHECK(cells.size() == columns_.size(), ErrorKind::shape,
                 "a table row has {} cells, wants {}", cells.size(), columns_.size());
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!shown_[i]) continue;
    const int width = columns_[i].width;
    line += fmt::format("{}{:>{}}", line.empty() ? "" : "  ",
                        narrow_ && columns_[i].name ? end_of(cells[i], width) : cells[i], width);
  }
  return line;
}

std::string bytes_text(double bytes) {
  if (bytes < 1e3) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1e6) return fmt::format("{:.1f} kB", bytes * 1e-3);
  if (bytes < 1e9) return fmt::format("{:.2f} MB", bytes * 1e-6);
  return fmt::format("{:.2f} GB", bytes * 1e-9);
}

std::string count_text(long long count) {
  std::string digits = std::to_string(count);
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

}  // namespace varphase
