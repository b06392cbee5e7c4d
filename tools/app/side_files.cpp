// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/side_files.hpp"

#include <filesystem>

#include <fmt/format.h>

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

}  // namespace varphase
