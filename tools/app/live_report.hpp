// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tools/app/report_job.hpp"

namespace varphase {

class WatchJob : public Job {
 public:
  /// The page is there. @param address  "http://127.0.0.1:41234/"
  virtual void serving(const std::string& /*address*/) {}
};

/// Serves the page of runs that may be in training to browsers of this machine, anew at every change, until the job is
/// asked to stop. Writes nothing. @throws Error io, usage.
void watch_report(const ReportRequest& request, WatchJob& job);

}  // namespace varphase
