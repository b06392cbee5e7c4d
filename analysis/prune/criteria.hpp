// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/registry.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {

/// What the scores of one variance layer are computed from: arrays over its weight [out, in...], row-major, of which
/// those that no criterion asks for may be empty. Sums are over the training images.
struct ScoreInputs {
  std::string layer;
  std::string parameterization;
  std::vector<std::int64_t> shape;
  /// effective means: of a layer that was pruned before, what is left of it
  std::vector<double> mean;
  std::vector<double> variance;          // sigma^2
  std::vector<double> hessian_diagonal;  // d^2 L / dw^2 at the means
  std::string no_curvature;              // why there is no hessian_diagonal
  std::vector<double> gradient;          // dL / dw at the means
  /// E a^2 of what each weight is multiplied with, [in...] (SampledInputs::mean_square)
  std::vector<double> input_square;
  NoiseKey noise;  // of criterion `random`: its seed and the layer's number

  std::int64_t count() const { return static_cast<std::int64_t>(mean.size()); }
};

/// How much each weight is worth: one score per weight, the lowest are pruned first. Source: docs/math.md, "Criteria".
struct Criterion {
  std::vector<double> (*score)(const ScoreInputs& inputs);
  std::string formula;
  bool curvature = false;     // needs hessian_diagonal
  bool gradient = false;      // needs gradient
  bool inputs = false;        // needs input_square
  bool means = false;         // needs means: without them all weights have the same score
  bool weight_alpha = false;  // is a function of log alpha alone, so each weight must have its own
};

const Registry<Criterion>& criteria();

/// Why the criterion cannot rank that layer's weights; "" where it can.
std::string refusal(const std::string& criterion, const ScoreInputs& inputs);

/// The score of each weight, row-major.
/// @throws Error usage (no such criterion), unsupported with the refusal, shape, numeric where a score is NaN.
std::vector<double> score_weights(const std::string& criterion, const ScoreInputs& inputs);

}  // namespace varphase
