// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "analysis/report/report.hpp"

namespace varphase {

/// Of a page what changes while its runs are trained: all before Plotly.js.
std::string_view changing_part(std::string_view page);

/// How far a run is, by its metrics.csv.
struct RunProgress {
  std::string name;
  std::int64_t epoch = 0;   // the last that ended
  std::int64_t epochs = 0;  // of its configuration
  double seconds = 0;       // of an epoch, the median of the last ones; 0: not known
  double since = 0;         // seconds since metrics.csv was written
};
/// Whether so many seconds without an epoch are more than an epoch's: the training was, or is, stopped.
bool is_pause(const RunProgress& progress, double seconds);
RunProgress progress_of(const ReportInputs& run);
/// "epoch 12 of 200, about 4 min left"; "all 200 epochs"; that nothing came for long.
std::string progress_text(const RunProgress& progress);
/// A bar and a line for each run.
std::string progress_html(const std::vector<RunProgress>& runs);

}  // namespace varphase
