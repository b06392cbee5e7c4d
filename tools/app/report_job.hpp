// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/base/config.hpp"
#include "tools/app/job.hpp"

namespace varphase {

/// One HTML page of a run.
struct ReportRequest {
  std::string run;
  std::string out;
  bool overwrite = false;

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("run", run, FieldInfo{.help = "a run folder"});
    visit("out", out, FieldInfo{.help = "the page [RUN/report.html]"});
    visit("overwrite", overwrite, FieldInfo{.help = "replace a file that --out names"});
  }
};

struct ReportResult {
  std::filesystem::path page;
  std::vector<std::string> left_out;  // what could not be read, one message each
};

/// @throws Error io, usage.
ReportResult make_report(const ReportRequest& request, Job& job);

}  // namespace varphase
