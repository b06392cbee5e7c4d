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

/// Over the finite values of an array, in float64; all 0 where there is none.
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

/// @param with_values  reads all arrays and summarizes them; without, only their shapes are read
/// @throws Error as read_document.
FileDescription describe_file(const std::filesystem::path& path, bool with_values);

/// "float32".
std::string element_name(ElementType type);

/// Tables for people; text from the file cannot steer the terminal.
std::string description_text(const FileDescription& description, bool wide = true);

/// path, bytes, sha256, kind, format_version, attributes, metrics, provenance, arrays. Attributes
/// that hold JSON come as JSON. NaN and infinity are the texts "nan", "inf", "-inf": JSON has no
/// such numbers.
Json description_json(const FileDescription& description);

}  // namespace varphase
