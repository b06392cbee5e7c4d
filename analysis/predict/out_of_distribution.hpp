// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/predict/bootstrap.hpp"

namespace varphase {

/// How well an uncertainty tells images of another data set, the positive ones, from those of the network's own.
struct DetectionScores {
  double auroc =
      0;  // share of pairs in which the other set's image is the less sure one, ties a half
  double aupr = 0;  // average precision: sum of precision times the recall that each threshold adds
  double fpr95 = 0;  // share of own images over the largest threshold that finds 95 % of the others
};

/// Equal uncertainties are one threshold, as torchmetrics has it. Source: Hendrycks and Gimpel (2017).
class Detection {
 public:
  /// @param own, other  uncertainties of the images of both sets, larger where less sure
  Detection(const std::vector<double>& own, const std::vector<double>& other);

  /// NaN where a set has no image.
  DetectionScores scores(const Counts& own, const Counts& other) const;

 private:
  struct Place {
    double uncertainty;
    std::uint32_t image;
    bool other;
  };
  std::vector<Place> descending_;
};

}  // namespace varphase
