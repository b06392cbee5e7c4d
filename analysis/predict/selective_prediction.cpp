// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/selective_prediction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace varphase {
namespace {

/// How many of N images are answered for; the product in float64, as torch-uncertainty has it.
std::int64_t covered(std::int64_t images, double coverage) {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(images) * coverage));
}

}  // namespace

SelectivePrediction::SelectivePrediction(const std::vector<double>& confidence,
                                         const std::vector<std::uint8_t>& right)
    : descending_(confidence.size()) {
  std::iota(descending_.begin(), descending_.end(), 0U);
  std::stable_sort(descending_.begin(), descending_.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return confidence[a] > confidence[b]; });
  for (const std::uint32_t n : descending_) wrong_.push_back(right[n] != 0 ? 0 : 1);
}

SelectiveScores SelectivePrediction::scores(const Counts& counts) const {
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  const std::int64_t at_80 = covered(total, 0.8), at_90 = covered(total, 0.9);
  SelectiveScores result;
  double wrong = 0, area = 0, generalized = 0, before = 0;
  std::int64_t k = 0;
  for (std::size_t n = 0; n < descending_.size(); ++n) {
    for (std::uint32_t again = counts[descending_[n]]; again > 0; --again) {
      const double wrong_before = wrong;
      wrong += wrong_[n];
      ++k;
      const double risk = wrong / static_cast<double>(k);
      if (k > 1) {
        area += (before + risk) / 2;
        generalized += (wrong_before + wrong) / 2;
      }
      before = risk;
      if (k == at_80) result.accuracy_80 = 1 - risk;
      if (k == at_90) result.accuracy_90 = 1 - risk;
    }
  }
  const double none = std::numeric_limits<double>::quiet_NaN();
  const auto steps = static_cast<double>(total - 1);
  result.aurc = total > 1 ? area / steps : none;
  result.augrc = total > 1 ? generalized / (steps * static_cast<double>(total)) : none;
  return result;
}

std::vector<RiskPoint> SelectivePrediction::curve(std::int64_t points) const {
  const auto images = static_cast<std::int64_t>(wrong_.size());
  std::vector<RiskPoint> result;
  double wrong = 0;
  std::int64_t k = 0;
  for (std::int64_t point = 1; point <= points; ++point) {
    const std::int64_t next = (images * point + points - 1) / points;
    if (next == k) continue;
    for (; k < next; ++k) wrong += wrong_[k];
    result.push_back(
        {static_cast<double>(k) / static_cast<double>(images), wrong / static_cast<double>(k)});
  }
  return result;
}

}  // namespace varphase
