// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/registry.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {

/// What the scores of one variance layer are made of: plain arrays over the weight [out, in...],
/// row-major; those that no criterion asks for may be empty. Sums are over the training images.
struct ScoreInputs {
  std::string layer;
  std::string parameterization;
  std::vector<std::int64_t> shape;
  std::vector<double> mean;              // effective ones: of a pruned layer, what is left
  std::vector<double> variance;          // sigma^2
  std::vector<double> hessian_diagonal;  // d^2 L / dw^2 at the means
  std::string no_curvature;              // why there is no hessian_diagonal
  std::vector<double> gradient;          // dL / dw at the means
  std::vector<double> input_square;      // E a^2 of each input [in...]; convolutions: unfolded
  NoiseKey noise;                        // of `random`: its seed and layer count

  std::int64_t count() const { return static_cast<std::int64_t>(mean.size()); }
};

/// A rule that says how much a weight is worth: one score a weight, higher = keep. Source:
/// docs/math.md, "Criteria".
struct Criterion {
  std::vector<double> (*score)(const ScoreInputs& inputs);
  std::string formula;
  bool curvature = false;  // takes hessian_diagonal
  bool gradient = false;   // takes gradient
  bool inputs = false;     // takes input_square
  bool means = false;      // is the same for all weights without means
  bool weight_alpha =
      false;  // is a function of log alpha: ranks only where each weight has its own
};

const Registry<Criterion>& criteria();

/// Why the criterion cannot rank that layer's weights, or "".
std::string refusal(const std::string& criterion, const ScoreInputs& inputs);

/// The score of each weight, row-major.
/// @throws Error usage (unknown name), unsupported with the refusal, shape, numeric where a score
/// is NaN.
std::vector<double> score_weights(const std::string& criterion, const ScoreInputs& inputs);

}  // namespace varphase
