// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace varphase {

/// Files beside a verb's result. One that cannot be written is no reason to lose the result: it is
/// said when that is printed.
class SideFiles {
 public:
  /// Runs `write`, which makes the file and its folder.
  void add(const std::function<void()>& write);
  /// After the result is printed. @return the exit code: that of files where one is missing
  int finish() const;

 private:
  std::vector<std::string> problems_;
};

}  // namespace varphase
