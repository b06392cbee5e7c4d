// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoints/document.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// What an array holds: over its finite values, in float64; all 0 where there are none.
struct ValueSummary {
  double min = 0;
  double max = 0;
  double mean = 0;
  std::int64_t zeros = 0;
  std::int64_t non_finite = 0;
};

ValueSummary summarize(const Array& array);

struct FileDescription {
  std::string path;
  std::uint64_t bytes = 0;
  std::string digest;  // SHA-256 in the trailer, checked
  std::int64_t format_version = 0;
  Document document;                 // arrays without values
  std::vector<ValueSummary> values;  // one per array, or none where not asked for
};

/// Reads what a file says of itself.
/// @param with_values  also reads all arrays and summarizes them
/// @throws Error as read_document.
FileDescription describe_file(const std::filesystem::path& path, bool with_values);

/// "float32".
std::string element_name(ElementType type);

/// Tables for people; text from the file cannot steer the terminal.
std::string description_text(const FileDescription& description, bool wide = true);

/// An object with path, bytes, sha256, kind, format_version, attributes, metrics, provenance and arrays. Attributes
/// that hold JSON come as JSON. NaN and infinity, which JSON has no numbers for, are the texts "nan", "inf" and "-inf".
Json description_json(const FileDescription& description);

}  // namespace varphase
