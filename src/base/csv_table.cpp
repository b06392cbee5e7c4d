// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/csv_table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "src/base/error.hpp"
#include "src/base/json.hpp"

namespace varphase {
namespace {

constexpr std::size_t kMostColumns = 4096;

/// The cells of the line that starts at `at`; moves `at` behind its line end. `ended` says whether there was one.
std::vector<std::string> next_line(std::string_view text, std::size_t& at, bool& ended) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  ended = false;
  for (; at < text.size(); ++at) {
    const char letter = text[at];
    if (quoted) {
      if (letter != '"') {
        cells.back() += letter;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        cells.back() += text[++at];
      } else {
        quoted = false;
      }
    } else if (letter == '"') {
      quoted = true;
    } else if (letter == ',') {
      cells.emplace_back();
    } else if (letter == '\n') {
      ended = true;
      ++at;
      break;
    } else if (letter != '\r') {
      cells.back() += letter;
    }
  }
  return cells;
}

double number(const std::string& cell, const std::string& origin, std::size_t line,
              const std::string& column) {
  std::string_view text = cell;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  VARPHASE_CHECK(error == std::errc() && end == text.data() + text.size(), ErrorKind::format,
                 "{}: line {}, column {}: wants a number, got '{}'", origin, line, column, cell);
  return value;
}

}  // namespace

bool CsvTable::has(std::string_view column) const {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

std::vector<double> CsvTable::values(std::string_view column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  std::vector<double> list;
  if (found == columns.end()) return list;
  const auto index = static_cast<std::size_t>(found - columns.begin());
  list.reserve(rows.size());
  for (const std::vector<double>& row : rows) list.push_back(row[index]);
  return list;
}

CsvTable parse_csv(std::string_view text, const std::string& origin) {
  CsvTable table;
  std::size_t at = 0;
  bool ended = false;
  table.columns = next_line(text, at, ended);
  VARPHASE_CHECK(ended && !table.columns.front().empty(), ErrorKind::format,
                 "{}: has no header line with the names of its columns", origin);
  VARPHASE_CHECK(table.columns.size() <= kMostColumns, ErrorKind::format,
                 "{}: {} columns, at most {} are read", origin, table.columns.size(), kMostColumns);
  for (auto column = table.columns.begin(); column != table.columns.end(); ++column) {
    VARPHASE_CHECK(std::find(table.columns.begin(), column, *column) == column, ErrorKind::format,
                   "{}: has the column '{}' twice", origin, *column);
  }
  for (std::size_t line = 2; at < text.size(); ++line) {
    const std::vector<std::string> cells = next_line(text, at, ended);
    if (!ended) {
      table.truncated = true;
      break;
    }
    if (cells.size() == 1 && cells.front().empty()) continue;
    VARPHASE_CHECK(cells.size() == table.columns.size(), ErrorKind::format,
                   "{}: line {} has {} cells, the header has {}", origin, line, cells.size(),
                   table.columns.size());
    std::vector<double> row;
    row.reserve(cells.size());
    for (std::size_t c = 0; c < cells.size(); ++c) {
      row.push_back(number(cells[c], origin, line, table.columns[c]));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

CsvTable read_csv(const std::filesystem::path& path) {
  return parse_csv(read_text_file(path), path.string());
}

std::string csv_cell(std::string text) {
  if (!text.empty() && std::string_view("=+-@'").find(text.front()) != std::string_view::npos)
    text.insert(0, 1, '\'');
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + "\"";
}

std::string csv_cell(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "nan";
}

}  // namespace varphase
