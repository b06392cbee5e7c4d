// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/json.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "src/base/atomic_file.hpp"
#include "src/base/byte_text.hpp"
#include "src/base/console.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;
namespace {

/// Whether the library takes it as UTF-8.
bool dumps(const Json& value) {
  try {
    return !value.dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

std::string utf8(const std::string& text) { return dumps(Json(text)) ? text : text_of_bytes(text); }

Json with_utf8(const Json& value) {
  if (value.is_string()) return utf8(value.get<std::string>());
  if (!value.is_structured()) return value;
  Json copy = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, item] : value.items()) {
    if (value.is_array()) {
      copy.push_back(with_utf8(item));
    } else {
      copy[utf8(key)] = with_utf8(item);
    }
  }
  return copy;
}

}  // namespace

Json parse_json(std::string_view text, const std::string& origin) {
  try {
    return Json::parse(text, nullptr, true, /*ignore_comments=*/true);
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorKind::format, "{}: not valid JSON: {}", origin, error.what());
  }
}

Json read_json_file(const fs::path& path) {
  return parse_json(read_text_file(path), path.string());
}

void write_json_file(const fs::path& path, const Json& json) {
  write_text_atomically(path, json_text(json) + "\n");
}

std::string json_text(const Json& json, int indent) {
  try {
    return json.dump(indent);
  } catch (const nlohmann::json::type_error&) {
    return with_utf8(json).dump(indent);
  }
}

void print_json(const Json& json) {
  const std::string text = json_text(json);
  std::string shown;
  shown.reserve(text.size() + 1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool second = byte == 0xc2 && static_cast<unsigned char>(text[at + 1]) < 0xa0;
    if (byte == 0x7f) {
      shown += "\\u007f";
    } else if (second) {
      shown += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++at]));
    } else {
      shown += text[at];
    }
  }
  shown += '\n';
  write_out_bytes(shown);
}

std::string read_text_file(const fs::path& path, std::size_t limit_bytes) {
  std::error_code error;
  VARPHASE_CHECK(fs::exists(path, error), ErrorKind::io, "{}: no such file", path.string());
  VARPHASE_CHECK(fs::is_regular_file(path, error), ErrorKind::io, "{}: not a regular file",
                 path.string());
  const std::uintmax_t size = fs::file_size(path, error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: {}", path.string(), error.message());
  VARPHASE_CHECK(size <= limit_bytes, ErrorKind::format, "{}: {} bytes, at most {} are read",
                 path.string(), size, limit_bytes);
  std::ifstream file(path, std::ios::binary);
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  VARPHASE_CHECK(file.good() || size == 0, ErrorKind::io, "{}: cannot be read: {}", path.string(),
                 std::strerror(errno));
  return text;
}

}  // namespace varphase
