// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <unistd.h>

#include "checkpoints/run_layout.hpp"
#include "src/base/error.hpp"
#include "tools/app/run_contents.hpp"
#include "tools/app/run_marker.hpp"

namespace varphase {
namespace fs = std::filesystem;

void check_output_file(const fs::path& path, bool overwrite) {
  std::error_code error;
  const fs::file_status there = fs::symlink_status(path, error);
  VARPHASE_CHECK(!error || there.type() == fs::file_type::not_found, ErrorKind::io,
                 "{}: cannot be written: {}", path.string(), error.message());
  VARPHASE_CHECK(!fs::is_directory(path, error), ErrorKind::usage, "{}: is a folder, wants a file",
                 path.string());
  VARPHASE_CHECK(overwrite || !fs::exists(there), ErrorKind::usage,
                 "{}: is there already\n  --overwrite replaces it", path.string());
  const fs::path folder = fs::absolute(path, error).lexically_normal().parent_path();
  const bool training =
      folder == RunLayout{folder.parent_path()}.checkpoints() && is_run(folder.parent_path());
  VARPHASE_CHECK(!training && !(is_run(folder) && is_file_of_training(path.filename().string())),
                 ErrorKind::usage,
                 "{}: is the place of a file of the run's training\n  give another name",
                 path.string());
  check_output_folder(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

void check_output_folder(const fs::path& path) {
  std::error_code error;
  // The nearest that is there: what is missing below it will be made.
  fs::path folder = path.empty() ? fs::path(".") : path;
  while (fs::symlink_status(folder, error).type() == fs::file_type::not_found) {
    const fs::path above = folder.parent_path();
    if (above == folder) break;
    folder = above.empty() ? fs::path(".") : above;
  }
  const int refused = ::access(folder.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
  VARPHASE_CHECK(fs::is_directory(folder, error), ErrorKind::io,
                 "{}: nothing can be written there: {} is no folder", path.string(),
                 folder.string());
  VARPHASE_CHECK(refused == 0, ErrorKind::io, "{}: nothing can be written there: {}{}",
                 path.string(), folder == path ? "" : folder.string() + ": ",
                 std::strerror(refused));
}

void make_output_folder(const fs::path& path) {
  if (!path.has_parent_path()) return;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  VARPHASE_CHECK(!error, ErrorKind::io, "{}: its folder cannot be made: {}", path.string(),
                 error.message());
}

}  // namespace varphase
