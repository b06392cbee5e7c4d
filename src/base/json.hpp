// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace varphase {

/// Keys keep the order in which they were written.
using Json = nlohmann::ordered_json;

/// Deeper nested text is refused: functions that walk through JSON (writing, copying, comparing) may call themselves
/// once a level.
inline constexpr std::size_t kMaxJsonDepth = 64;
/// Text with more values is refused: each takes tens of bytes of memory.
inline constexpr std::size_t kMaxJsonValues = 4'000'000;

/// The one reader of JSON text, whoever wrote it. Comments are skipped.
/// @throws Error format with `origin` (a path or a flag), line and column; also for a key that stands twice in one
///   object and for text beyond the two limits above.
Json parse_json(std::string_view text, const std::string& origin);

/// @throws Error io or format.
Json read_json_file(const std::filesystem::path& path);

/// A value as one line of JSON for a message, cut where it is long.
std::string brief(const Json& json);

/// Writes JSON indented by two spaces, with a newline at its end, atomically.
void write_json_file(const std::filesystem::path& path, const Json& json);

/// The text that write_json_file writes. Names should come as text (src/base/byte_text.hpp); a string that is not UTF-8
/// all the same is replaced here rather than ending the program.
std::string json_text(const Json& json, int indent = 2);

/// Prints json_text on stdout, with a newline behind it; control characters that JSON allows are escaped too.
void print_json(const Json& json);

/// The text of a whole file. @throws Error io, naming path and cause, also where it exceeds `limit_bytes`.
std::string read_text_file(const std::filesystem::path& path, std::size_t limit_bytes = 64U << 20U);

}  // namespace varphase
