// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/where.hpp"

namespace varphase {

constexpr int kCalibrationBins = 15;

/// Sums over N images for one of G variants of a prediction; doubles, also where they count.
struct VariantScores {
  double right = 0;    // images whose most probable class (ties: the lowest) is the label
  double won = 0;      // right here, wrong by variant 0
  double lost = 0;     // wrong here, right by variant 0
  double nll = 0;      // -log p[label]
  double brier = 0;    // sum over classes of (p - 1[label])^2
  double entropy = 0;  // -sum_c p_c log p_c, 0 log 0 = 0
  double hits[kCalibrationBins] = {};         // right ones by confidence, in bins (lo, hi]
  double confidences[kCalibrationBins] = {};  // the confidences' sum likewise
};

/// @param log_p [G, N, C]; @param labels [N]
/// @param scores [prediction_score_parts(N) * G], where the kernel runs; the first G are overwritten with the scores,
///   the rest is workspace. Sums in float64, in an order that does not change.
template <class T>
void prediction_scores(const T* log_p, const std::int64_t* labels, std::int64_t variants,
                       std::int64_t rows, std::int64_t classes, VariantScores* scores, Where where);
constexpr std::int64_t kScoreRows = 256;  // images of a part
constexpr std::int64_t prediction_score_parts(std::int64_t rows) {
  return 1 + (rows + kScoreRows - 1) / kScoreRows;
}

namespace cuda {
template <class T>
void prediction_scores(const T* log_p, const std::int64_t* labels, std::int64_t variants,
                       std::int64_t rows, std::int64_t classes, VariantScores* scores,
                       void* stream);
}

}  // namespace varphase
