// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/predict/predictor.hpp"

namespace varphase {

/// What is predicted for each of N images. Source: docs/math.md, "Metrics".
struct ImagePredictions {
  std::int64_t classes = 0;
  std::vector<std::int64_t> label;  // most probable class, ties: the lowest
  std::vector<double> probability;  // [N, classes]; an image's sum to 1
  std::vector<double> entropy;      // nats, of those probabilities
  /// nats, >= 0: `entropy` minus the mean over members of the entropy of each member's probabilities; 0 for one member
  std::vector<double> mutual_information;

  std::int64_t count() const { return static_cast<std::int64_t>(label.size()); }
};

/// Computed in float64. @throws Error numeric, naming the image by its place, where a network's output is not finite.
ImagePredictions image_predictions(const Prediction& prediction);

}  // namespace varphase
