// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/where.hpp"

namespace varphase {

/// Sums over N images for one of G variants of a prediction; doubles, also where they count.
struct VariantScores {
  double right = 0;    // images whose most probable class (ties: the lowest) is the label
  double won = 0;      // right here, wrong by variant 0
  double lost = 0;     // wrong here, right by variant 0
  double nll = 0;      // -log p[label]
  double brier = 0;    // sum over classes of (p - 1[label])^2
  double entropy = 0;  // -sum_c p_c log p_c, 0 log 0 = 0
  double ece = 0;      // N times the expected calibration error, 15 bins (lo, hi]
};

constexpr int kCalibrationBins = 15;

/// @param log_p [G, N, C]; @param labels [N]; @param scores [G] overwritten, where the kernel runs.
/// Sums in float64, in an order that does not change.
template <class T>
void prediction_scores(const T* log_p, const std::int64_t* labels, std::int64_t variants,
                       std::int64_t rows, std::int64_t classes, VariantScores* scores, Where where);

namespace cuda {
template <class T>
void prediction_scores(const T* log_p, const std::int64_t* labels, std::int64_t variants,
                       std::int64_t rows, std::int64_t classes, VariantScores* scores,
                       void* stream);
}

}  // namespace varphase
