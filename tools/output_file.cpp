// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/output_file.hpp"

#include <system_error>

#include "src/base/error.hpp"

namespace varphase {
namespace fs = std::filesystem;

void check_output_file(const fs::path& path, bool overwrite) {
  VARPHASE_CHECK(!fs::is_directory(path), ErrorKind::usage, "{}: is a folder, wants a file",
                 path.string());
  VARPHASE_CHECK(overwrite || !fs::exists(path), ErrorKind::usage,
                 "{}: is there already\n  --overwrite replaces it", path.string());
}

void make_output_folder(const fs::path& path) {
  if (!path.has_parent_path()) return;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: its folder cannot be made: {}", path.string(),
                 error.message());
}

}  // namespace varphase
