// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/predict/metric_table.hpp"
#include "src/base/config.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// Another data set that uncertainties were asked to tell from the network's own.
struct OtherSet {
  std::string name, digest;
  std::int64_t images = 0;
};

/// The metrics of all predictions, side by side.
struct MetricTables {
  TextList groups;  // of kMetricGroups, those that were asked for
  std::int64_t resamples = 0;
  double level = 0;     // of the intervals
  std::string against;  // the network that others are compared with; "": the first prediction
  std::vector<OtherSet> other_sets;
  std::vector<MetricColumn> columns;
};

/// The groups that --metrics names. @param metrics  groups, "all", or empty: none, or ood where there are other sets
/// @throws Error usage naming the groups; where ood is asked for without images
TextList metric_groups(const TextList& metrics, bool other_sets);

/// Which of several networks --against means. @param against  a name, or a number from 1
/// @throws Error usage naming those that there are.
std::size_t compared_with(const TextList& names, const std::string& against);

/// What is written as JSON; what is no finite number is null.
Json to_json(const MetricTables& tables);

}  // namespace varphase
