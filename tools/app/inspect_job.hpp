// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "checkpoints/inspect.hpp"
#include "src/base/config.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// What is in files of ours.
struct InspectRequest {
  TextList paths;
  bool statistics = false;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("paths", paths, FieldInfo{.help = "files"});
    visit("statistics", statistics, FieldInfo{.help = "least, largest and mean of each array"});
  }
};

class InspectJob : public Job {
 public:
  /// Called for each file as soon as it is read, so that it is shown even if a later one cannot be read.
  virtual void described(const FileDescription& /*file*/) {}
};

/// @throws Error io, format at the first file that cannot be read.
std::vector<FileDescription> inspect(const InspectRequest& request, InspectJob& job);

}  // namespace varphase
