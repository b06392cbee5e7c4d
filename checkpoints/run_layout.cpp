// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "checkpoints/run_layout.hpp"

#include <fmt/format.h>

#include "checkpoints/retention.hpp"

namespace varphase {
namespace fs = std::filesystem;

fs::path RunLayout::checkpoint(std::int64_t epoch) const {
  return epoch_path(checkpoints(), epoch);
}

fs::path RunLayout::member(std::int64_t number) const {
  return members() / fmt::format("{:02}", number);
}

RunLayout RunLayout::of_file_in(const char* name, const fs::path& file) {
  const fs::path folder = fs::absolute(file).parent_path();
  return {folder.filename() == name ? folder.parent_path() : fs::path()};
}

}  // namespace varphase
