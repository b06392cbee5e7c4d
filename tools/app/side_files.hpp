// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace varphase {

/// Files beside a job's result. One that cannot be written is no reason to lose the result: the
/// result says so.
class SideFiles {
 public:
  /// Runs `write`, which makes the file and its folder.
  void add(const std::function<void()>& write);
  /// Why files are missing, one message each.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::vector<std::string> problems_;
};

}  // namespace varphase
