// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/predict/bootstrap.hpp"

namespace varphase {

/// Scores of a network that answers for its surest images alone.
struct SelectiveScores {
  double aurc = 0, augrc = 0;               // NaN for a single image
  double accuracy_80 = 0, accuracy_90 = 0;  // of the surest ceil(0.8 N), ceil(0.9 N) images
};

/// The error among the surest images.
struct RiskPoint {
  double coverage = 0, risk = 0;
};

/// Selective prediction by the largest probability: with images by descending confidence, equal ones in the order of
/// the images, and r_k the share of wrong ones among the first k,
///
///     AURC = trapezoid of r_k over k / N, over 1 - 1/N;   AUGRC likewise of r_k k / N
///
/// as torch-uncertainty computes them. Source: Geifman and El-Yaniv (2017), Traub et al. (2024).
class SelectivePrediction {
 public:
  SelectivePrediction(const std::vector<double>& confidence,
                      const std::vector<std::uint8_t>& right);

  SelectiveScores scores(const Counts& counts) const;
  /// Of the images as they are, at `points` coverages of equal distance, the last one 1.
  std::vector<RiskPoint> curve(std::int64_t points) const;

 private:
  std::vector<std::uint32_t> descending_;  // images by confidence
  std::vector<std::uint8_t> wrong_;        // in that order
};

}  // namespace varphase
