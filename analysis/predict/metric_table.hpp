// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/predict/bootstrap.hpp"
#include "analysis/predict/calibration.hpp"
#include "analysis/predict/selective_prediction.hpp"

namespace varphase {

/// Groups of metrics: classification, calibration, selective prediction, out of distribution.
inline constexpr const char* kMetricGroups[] = {"cls", "cal", "sc", "ood"};

/// A metric of one prediction, with intervals over resamples of the images.
struct MetricEstimate {
  std::string name;   // torch-uncertainty's, its group first: "cls/Acc", "ood/entropy/AUROC"
  double value = 0;   // NaN where it is not defined: AURC of one image
  Interval interval;  // NaN where there are no resamples
  /// Less that of the column it is compared with, where that is of the same images: both on the same resamples.
  std::optional<double> difference;
  Interval difference_interval;
};

/// How many images have an entropy in each of kEntropyBins bins [lo, hi) between 0 and the logarithm of the number of
/// classes, the last one with its end.
inline constexpr std::int64_t kEntropyBins = 30;
using EntropyHistogram = std::vector<std::int64_t>;

/// All that is known of one network's prediction by one estimator.
struct MetricColumn {
  std::string network, estimator;
  std::int64_t classes = 0;
  std::vector<MetricEstimate> metrics;                 // cls, cal, sc
  std::vector<std::vector<MetricEstimate>> detection;  // ood, by data set
  std::vector<RiskPoint> risk_coverage;
  std::vector<CalibrationBin> equal_width, equal_mass;
  EntropyHistogram entropy;                     // of the network's own images
  std::vector<EntropyHistogram> other_entropy;  // by data set
};

/// The metric of that name, or null where the list has none.
inline const MetricEstimate* find_metric(const std::vector<MetricEstimate>& metrics,
                                         const std::string& name) {
  const auto found = std::find_if(metrics.begin(), metrics.end(),
                                  [&](const auto& metric) { return metric.name == name; });
  return found == metrics.end() ? nullptr : &*found;
}

}  // namespace varphase
