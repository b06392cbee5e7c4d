// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/predict/image_scores.hpp"
#include "analysis/predict/metric_table.hpp"

namespace varphase {

/// One network's prediction by one estimator.
struct ScoredPrediction {
  std::string network, estimator;
  std::int64_t classes = 0;
  /// Which images they are: predictions of the same images are compared image by image.
  std::string images;
  ImageScores scores;
  std::vector<Uncertainty> others;  // of each other data set, the same for all predictions
};

struct BootstrapSettings {
  std::int64_t resamples = 1000;  // 0: no intervals
  double level = 0.95;
  std::uint64_t seed = 1;
};

/// All metrics in the order of the groups, with intervals and with paired differences. A resample draws the same images
/// for all predictions of as many images.
/// @param base  by prediction, which other one it is compared with; empty: the first one
/// Time: predictions * resamples * images. Source: docs/robustness.md, "Metrics".
std::vector<MetricColumn> metric_columns(const std::vector<ScoredPrediction>& predictions,
                                         const BootstrapSettings& bootstrap,
                                         const std::vector<std::size_t>& base = {});

}  // namespace varphase
