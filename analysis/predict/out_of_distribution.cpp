// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/out_of_distribution.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace varphase {

Detection::Detection(const std::vector<double>& own, const std::vector<double>& other) {
  for (std::size_t n = 0; n < own.size(); ++n)
    descending_.push_back({own[n], static_cast<std::uint32_t>(n), false});
  for (std::size_t n = 0; n < other.size(); ++n)
    descending_.push_back({other[n], static_cast<std::uint32_t>(n), true});
  std::sort(descending_.begin(), descending_.end(),
            [](const Place& a, const Place& b) { return a.uncertainty > b.uncertainty; });
}

DetectionScores Detection::scores(const Counts& own, const Counts& other) const {
  const double negatives = std::accumulate(own.begin(), own.end(), 0.0);
  const double positives = std::accumulate(other.begin(), other.end(), 0.0);
  const double none = std::numeric_limits<double>::quiet_NaN();
  if (negatives == 0 || positives == 0) return {none, none, none};
  DetectionScores result;
  double found = 0, false_ones = 0;
  bool found_95 = false;
  for (std::size_t at = 0; at < descending_.size();) {
    const double threshold = descending_[at].uncertainty;
    double more = 0, more_false = 0;
    for (; at < descending_.size() && descending_[at].uncertainty == threshold; ++at) {
      const Place& place = descending_[at];
      (place.other ? more : more_false) += (place.other ? other : own)[place.image];
    }
    result.auroc += more_false * (found + more / 2);
    found += more;
    false_ones += more_false;
    if (more > 0) result.aupr += more / positives * (found / (found + false_ones));
    if (!found_95 && found / positives >= 0.95) {
      found_95 = true;
      result.fpr95 = false_ones / negatives;
    }
  }
  result.auroc /= negatives * positives;
  return result;
}

}  // namespace varphase
