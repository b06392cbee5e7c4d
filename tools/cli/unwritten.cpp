// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/cli/unwritten.hpp"

#include "src/base/console.hpp"
#include "src/base/error.hpp"

namespace varphase {

int tell_unwritten(const std::vector<std::string>& problems) {
  if (problems.empty()) return kSuccess;
  flush_out();
  for (const std::string& problem : problems) print_err("varphase: {}\n", problem);
  return kFileError;
}

}  // namespace varphase
