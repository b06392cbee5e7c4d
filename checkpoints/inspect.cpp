// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/inspect.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/ranges.h>

#include "checkpoints/document_reader.hpp"
#include "checkpoints/provenance.hpp"
#include "checkpoints/sealed_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/error.hpp"
#include "src/base/text_table.hpp"

namespace varphase {
namespace {

constexpr std::string_view kMetrics = "metrics.";

template <class T>
ValueSummary summarize_values(std::span<const T> values) {
  ValueSummary summary;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  double sum = 0;
  std::int64_t finite = 0;
  for (const T value : values) {
    const auto number = static_cast<double>(value);
    if (!std::isfinite(number)) {
      ++summary.non_finite;
      continue;
    }
    summary.zeros += value == T{0} ? 1 : 0;
    low = std::min(low, number);
    high = std::max(high, number);
    sum += number;
    ++finite;
  }
  if (finite == 0) return summary;
  summary.min = low;
  summary.max = high;
  summary.mean = sum / static_cast<double>(finite);
  return summary;
}

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::string attribute_text(const Attribute& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return printable(*text, 100);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  return fmt::format("{:.6g}", std::get<double>(value));
}

Json number_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

Json attribute_json(const Attribute& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* number = std::get_if<double>(&value)) return number_json(*number);
  const std::string text = terminal_text(std::get<std::string>(value));
  if (!text.empty() && (text.front() == '{' || text.front() == '[')) {
    try {
      return parse_json(text, "");
    } catch (const Error&) {  // is shown as the text that it is
    }
  }
  return text;
}

}  // namespace

ValueSummary summarize(const Array& array) {
  switch (array.type) {
    case ElementType::float32:
      return summarize_values(array.as<float>());
    case ElementType::float64:
      return summarize_values(array.as<double>());
    case ElementType::int64:
      return summarize_values(array.as<std::int64_t>());
    case ElementType::int32:
      return summarize_values(array.as<std::int32_t>());
    case ElementType::uint8:
      return summarize_values(array.as<std::uint8_t>());
  }
  return {};
}

std::string element_name(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return "float32";
    case ElementType::float64:
      return "float64";
    case ElementType::int64:
      return "int64";
    case ElementType::int32:
      return "int32";
    case ElementType::uint8:
      return "uint8";
  }
  return "unknown";
}

FileDescription describe_file(const std::filesystem::path& path, bool with_values) {
  FileDescription description;
  description.path = path.string();
  const SealedFile file = open_intact(path);
  description.bytes = file.bytes;
  description.digest = file.digest;
  description.format_version = file.format;
  description.document = document_from_hdf5(file.hdf5.span(), description.path, with_values);
  if (with_values) {
    for (Array& array : description.document.arrays) {
      description.values.push_back(summarize(array));
      array.bytes = {};
    }
  }
  return description;
}

std::string description_text(const FileDescription& description, bool wide) {
  const Document& document = description.document;
  std::string text =
      fmt::format("{}\n  kind {}, format {}, {}, SHA-256 {}\n", printable(description.path, 4096),
                  printable(document.kind), description.format_version,
                  bytes_text(static_cast<double>(description.bytes)), description.digest);
  const auto section = [&](std::string_view title, std::string_view prefix) {
    std::string lines;
    for (const auto& [name, value] : document.attributes) {
      const bool metric = starts_with(name, kMetrics);
      const bool provenance = starts_with(name, kProvenance);
      if (prefix.empty() ? metric || provenance : !starts_with(name, prefix)) continue;
      lines += fmt::format("  {:<28} {}\n", printable(name.substr(prefix.size())),
                           attribute_text(value));
    }
    if (!lines.empty()) text += fmt::format("\n{}\n{}", title, lines);
  };
  section("attributes", "");
  section("metrics", kMetrics);
  section("provenance", kProvenance);
  if (document.arrays.empty()) return text;

  constexpr int kLongest = 29;  // beside statistics in 80 columns
  int widest = 5;
  for (const Array& array : document.arrays)
    widest = std::max(widest, static_cast<int>(printable(array.name).size()));
  if (!wide && !description.values.empty()) widest = std::min(widest, kLongest);
  std::vector<TextTable::Column> columns{{"array", widest, 0, true},
                                         {"type", 7, 3},
                                         {"shape", 20, 1},
                                         {"dims", 16, 5},
                                         {"unit", 8, 4},
                                         {"bytes", 10, 2}};
  if (!description.values.empty()) {
    columns.insert(columns.end(),
                   {{"min", 11}, {"max", 11}, {"mean", 11}, {"zeros", 11, 6}, {"non-finite", 10}});
  }
  const TextTable table(columns, !wide);
  text += "\n" + table.header() + "\n";
  for (std::size_t i = 0; i < document.arrays.size(); ++i) {
    const Array& array = document.arrays[i];
    std::vector<std::string> cells{printable(array.name),
                                   element_name(array.type),
                                   fmt::format("[{}]", fmt::join(array.shape, ", ")),
                                   printable(array.dims),
                                   printable(array.unit),
                                   bytes_text(static_cast<double>(array.count()) *
                                              static_cast<double>(element_size(array.type)))};
    if (!description.values.empty()) {
      const ValueSummary& values = description.values[i];
      cells.insert(cells.end(),
                   {fmt::format("{:.5g}", values.min), fmt::format("{:.5g}", values.max),
                    fmt::format("{:.5g}", values.mean), count_text(values.zeros),
                    count_text(values.non_finite)});
    }
    text += table.row(cells) + "\n";
  }
  if (!table.left_out().empty()) text += table.left_out() + "\n";
  return text;
}

Json description_json(const FileDescription& description) {
  Json json;
  json["path"] = text_of_bytes(description.path);
  json["bytes"] = description.bytes;
  json["sha256"] = description.digest;
  json["kind"] = terminal_text(description.document.kind);
  json["format_version"] = description.format_version;
  Json attributes = Json::object();
  Json metrics = Json::object();
  Json provenance = Json::object();
  for (const auto& [name, value] : description.document.attributes) {
    if (starts_with(name, kMetrics)) {
      metrics[terminal_text(name.substr(kMetrics.size()))] = attribute_json(value);
    } else if (starts_with(name, kProvenance)) {
      provenance[terminal_text(name.substr(kProvenance.size()))] = attribute_json(value);
    } else {
      attributes[terminal_text(name)] = attribute_json(value);
    }
  }
  json["attributes"] = std::move(attributes);
  json["metrics"] = std::move(metrics);
  json["provenance"] = std::move(provenance);
  Json arrays = Json::array();
  for (std::size_t i = 0; i < description.document.arrays.size(); ++i) {
    const Array& array = description.document.arrays[i];
    Json row;
    row["name"] = terminal_text(array.name);
    row["type"] = element_name(array.type);
    row["shape"] = array.shape;
    row["dims"] = terminal_text(array.dims);
    row["unit"] = terminal_text(array.unit);
    row["bytes"] = array.count() * static_cast<std::int64_t>(element_size(array.type));
    if (!description.values.empty()) {
      const ValueSummary& values = description.values[i];
      row["min"] = values.min;
      row["max"] = values.max;
      row["mean"] = number_json(values.mean);
      row["zeros"] = values.zeros;
      row["non_finite"] = values.non_finite;
    }
    arrays.push_back(std::move(row));
  }
  json["arrays"] = std::move(arrays);
  return json;
}

}  // namespace varphase
