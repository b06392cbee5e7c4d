// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/json.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;

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
  write_text_atomically(path, json.dump(2) + "\n");
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
