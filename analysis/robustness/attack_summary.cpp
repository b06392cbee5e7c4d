// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/attack_summary.hpp"

#include <algorithm>
#include <cmath>

namespace varphase {
namespace {

constexpr double kTwoSided95 = 1.959963984540054;  // standard normal quantile at 0.975

Interval around(const MeanOfImages& mean) {
  const double half = kTwoSided95 * mean.standard_error;
  return {mean.mean - half, mean.mean + half};
}

/// Of judged point t, image by image.
AttackPoint::Difference difference_of(const AttackOutcome& outcome, std::size_t judge,
                                      std::size_t base, std::size_t t) {
  std::vector<double> success, entropy;
  for (std::size_t n = 0; n < static_cast<std::size_t>(outcome.count()); ++n) {
    success.push_back((outcome.succeeds(judge, n, t) ? 1.0 : 0.0) -
                      (outcome.succeeds(base, n, t) ? 1.0 : 0.0));
    const std::size_t at = n * outcome.points() + t;
    entropy.push_back(static_cast<double>(outcome.judges[judge].entropy[at]) -
                      static_cast<double>(outcome.judges[base].entropy[at]));
  }
  const MeanOfImages of_success = mean_of_images(success), of_entropy = mean_of_images(entropy);
  return {of_success.mean, of_entropy.mean, around(of_success), around(of_entropy)};
}

}  // namespace

Interval wilson_interval(std::int64_t successes, std::int64_t n) {
  if (n == 0) return {0, 1};
  const auto count = static_cast<double>(n);
  const double rate = static_cast<double>(successes) / count;
  const double z2 = kTwoSided95 * kTwoSided95;
  const double middle = rate + z2 / (2 * count);
  const double half = kTwoSided95 * std::sqrt(rate * (1 - rate) / count + z2 / (4 * count * count));
  const double scale = 1 + z2 / count;
  // The ends themselves where rounding would miss them.
  return {successes == 0 ? 0 : (middle - half) / scale,
          successes == n ? 1 : (middle + half) / scale};
}

MeanOfImages mean_of_images(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto n = static_cast<double>(values.size());
  double sum = 0, square = 0;
  for (const double value : values) sum += value;
  for (const double value : values) square += (value - sum / n) * (value - sum / n);
  return {sum / n, values.size() > 1 ? std::sqrt(square / (n * (n - 1))) : 0};
}

std::vector<AttackPoint> attack_points(const AttackOutcome& outcome, std::size_t judge,
                                       std::size_t base) {
  std::vector<AttackPoint> points;
  const auto images = static_cast<std::size_t>(outcome.count());
  const auto losses = static_cast<std::size_t>(outcome.steps) + 1;
  for (std::size_t t = 0; t < outcome.points(); ++t) {
    AttackPoint point;
    point.step = outcome.judged_steps[t];
    point.images = outcome.count();
    std::vector<double> entropy, loss;
    for (std::size_t n = 0; n < images; ++n) {
      point.successes += outcome.succeeds(judge, n, t) ? 1 : 0;
      entropy.push_back(outcome.judges[judge].entropy[n * outcome.points() + t]);
      loss.push_back(outcome.loss[n * losses + static_cast<std::size_t>(point.step)]);
    }
    point.success = static_cast<double>(point.successes) /
                    static_cast<double>(std::max<std::int64_t>(point.images, 1));
    point.success_95 = wilson_interval(point.successes, point.images);
    const MeanOfImages mean = mean_of_images(entropy);
    point.entropy = mean.mean;
    point.entropy_95 = {std::max(0.0, mean.mean - kTwoSided95 * mean.standard_error),
                        mean.mean + kTwoSided95 * mean.standard_error};
    point.loss = mean_of_images(loss).mean;
    if (judge != base) point.difference = difference_of(outcome, judge, base, t);
    points.push_back(point);
  }
  return points;
}

}  // namespace varphase
