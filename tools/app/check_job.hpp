// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "checkpoints/check.hpp"
#include "src/base/config.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// Are files whole?
struct CheckRequest {
  TextList paths;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("paths", paths, FieldInfo{.help = "files or folders"});
  }
};

struct CheckResult {
  std::vector<CheckedFile> files;
  std::int64_t whole = 0, damaged = 0;
  std::int64_t temporary = 0;  // what a writer left behind, or writes just now: no damage
};

class CheckJob : public Job {
 public:
  virtual void checked(const CheckedFile& /*file*/) {}
};

/// Reads every file as the jobs that use it do, as far as that needs no network.
/// @throws Error io where a path cannot be listed.
CheckResult check_files(const CheckRequest& request, CheckJob& job);

}  // namespace varphase
