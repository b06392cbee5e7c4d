// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/report/report.hpp"

namespace varphase {

/// Several runs for one page, each called by the name that tells it from the others.
struct ComparisonInputs {
  std::string name;  // of the page
  std::vector<ReportInputs> runs;
};

/// The figures as data, for page/compare_*.js: {"name", "runs": [figure_data of each, with its "group"],
/// "groups": [{"name", "runs": [index..]}]}.
Json comparison_data(const ComparisonInputs& inputs);

/// One HTML page of all runs that needs nothing else.
std::string render_comparison(const ComparisonInputs& inputs, const PageFrame& frame = {});

}  // namespace varphase
