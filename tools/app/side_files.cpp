// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/side_files.hpp"

#include <filesystem>

#include "src/base/console.hpp"
#include "src/base/error.hpp"

namespace varphase {

void SideFiles::add(const std::function<void()>& write) {
  try {
    write();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io) throw;
    problems_.emplace_back(error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    problems_.push_back(
        fmt::format("{}: not written: {}", error.path1().string(), error.code().message()));
  }
}

int SideFiles::finish() const {
  if (problems_.empty()) return kSuccess;
  flush_out();
  for (const std::string& problem : problems_) print_err("varphase: {}\n", problem);
  return kFileError;
}

}  // namespace varphase
