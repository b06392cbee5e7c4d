// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "analysis/report/report.hpp"

namespace varphase {

/// Several runs for one page, each called by the name that tells it from the others.
struct ComparisonInputs {
  std::string name;  // of the page
  std::vector<ReportInputs> runs;
};

/// Runs whose configurations differ in nothing but seeds, as indices of the runs: each is one line with a band on the
/// page. In the order of their first run.
std::vector<std::vector<std::size_t>> groups_of_seeds(const std::vector<ReportInputs>& runs);

/// Fields of the configurations that are not the same in all runs, "train.seed" or "network.layers.4.variance_dense.out",
/// with the value of each run as text, "" where it has none. Where the images lay is none of them.
std::vector<std::pair<std::string, std::vector<std::string>>> config_differences(
    const std::vector<ReportInputs>& runs);

/// The figures as data, for page/compare.js: {"name", "runs": [figure_data of each, with its "group"],
/// "groups": [{"name", "runs": [index..]}]}.
Json comparison_data(const ComparisonInputs& inputs);

/// One HTML page of all runs that needs nothing else.
std::string render_comparison(const ComparisonInputs& inputs, const PageFrame& frame = {});

/// Reads each run as collect_report does, renders, and writes atomically.
/// @param runs  folders and names
/// @return the problems of all runs. @throws Error as collect_report, and io.
std::vector<std::string> write_comparison(
    const std::string& name, const std::vector<std::pair<std::filesystem::path, std::string>>& runs,
    const std::filesystem::path& out_path);

}  // namespace varphase
