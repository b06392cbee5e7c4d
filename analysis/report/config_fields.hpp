// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/report/report.hpp"

namespace varphase {

/// Runs whose configurations differ in nothing but seeds, as indices of the runs: each is one line with a band on the
/// page. In the order of their first run.
std::vector<std::vector<std::size_t>> groups_of_seeds(const std::vector<ReportInputs>& runs);

/// A field of config.json, "train.seed" or "network.layers.4.variance_dense.out", or of environment.json,
/// "environment.device", with the value of each run as text, "" where it has none.
struct ComparedField {
  std::string name;
  std::vector<std::string> values;

  bool is_same() const;
};

/// Of all runs by name, but for what says nothing of a training: where the images lay, the command, the time.
std::vector<ComparedField> compared_fields(const std::vector<ReportInputs>& runs);

}  // namespace varphase
