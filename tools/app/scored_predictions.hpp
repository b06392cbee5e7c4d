// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/predict/metric_columns.hpp"
#include "analysis/predict/predictor.hpp"
#include "src/data/dataset.hpp"

namespace varphase {

/// What one estimator predicts of a network's own images and of those of other data sets.
struct EstimatedSets {
  Estimator estimator = Estimator::deterministic;
  Prediction own;
  std::vector<Prediction> others;
};

/// Predictions of several networks, scored image by image.
class ScoredPredictions {
 public:
  /// @param together  whether the networks' average is wanted too: then they are all of the same images
  explicit ScoredPredictions(bool together) : together_(together) {}

  /// @param labels  int64 [N] of the part of the data set
  void add(const std::string& network, const std::vector<EstimatedSets>& predicted,
           const at::Tensor& labels, const Dataset& dataset, Split split);
  /// All of them, the average over networks last.
  std::vector<ScoredPrediction> all() const;

 private:
  bool together_;
  std::vector<ScoredPrediction> scored_;
  std::vector<std::vector<EstimatedSets>> predicted_;  // by network, where the average is wanted
  at::Tensor labels_;
};

}  // namespace varphase
