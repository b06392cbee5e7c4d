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

/// Nothing that is read is nested deeper: what walks through JSON (writing, copying, comparing) may
/// call itself once a level.
inline constexpr std::size_t kMaxJsonDepth = 64;
/// No text holds more values: each takes tens of bytes of memory.
inline constexpr std::size_t kMaxJsonValues = 4'000'000;

/// The one reader of JSON, for text of anyone. Comments are skipped.
/// @throws Error format with `origin` (a path or a flag), line and column; for a key that an object
/// has twice, too, and for more than the depth and the number of values above.
Json parse_json(std::string_view text, const std::string& origin);

/// @throws Error io or format.
Json read_json_file(const std::filesystem::path& path);

/// A value for a message: its JSON on one line, cut where it is long.
std::string brief(const Json& json);

/// Two-space indentation, short arrays on one line left to the library; ends with a newline;
/// written atomically.
void write_json_file(const std::filesystem::path& path, const Json& json);

/// As write_json_file has it. Names come as text (src/base/byte_text.hpp); a string that is no
/// UTF-8 all the same is turned into it here rather than ending the program.
std::string json_text(const Json& json, int indent = 2);

/// On stdout, with a newline behind it; control characters that JSON allows are escaped too.
void print_json(const Json& json);

/// The text of a whole file. @throws Error io, naming path and cause, also where it exceeds
/// `limit_bytes`.
std::string read_text_file(const std::filesystem::path& path, std::size_t limit_bytes = 64U << 20U);

}  // namespace varphase
