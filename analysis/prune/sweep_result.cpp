// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/sweep_result.hpp"

#include <charconv>
#include <cmath>
#include <numeric>
#include <string_view>
#include <tuple>

#include "src/base/error.hpp"

namespace varphase {
namespace {

/// Of a number over the networks.
struct MeanOf {
  double mean = 0, standard_error = 0;
};
template <class Get>
MeanOf mean_of(const std::vector<SweepResult>& sweeps, const Get& get) {
  const auto n = static_cast<double>(sweeps.size());
  MeanOf result;
  for (const SweepResult& sweep : sweeps) result.mean += get(sweep) / n;
  double square = 0;
  for (const SweepResult& sweep : sweeps) square += std::pow(get(sweep) - result.mean, 2);
  if (sweeps.size() > 1) result.standard_error = std::sqrt(square / (n - 1) / n);
  return result;
}

template <class Get>
Metrics mean_metrics(const std::vector<SweepResult>& sweeps, const Get& of) {
  Metrics metrics = of(sweeps.front());
  metrics.accuracy_se =
      mean_of(sweeps, [&](const auto& s) { return of(s).accuracy; }).standard_error;
  for (const MetricField& field : kMetricFields)
    metrics.*field.value = mean_of(sweeps, [&](const auto& s) { return of(s).*field.value; }).mean;
  return metrics;
}

}  // namespace

std::int64_t SweepRow::kept_total() const {
  return std::accumulate(kept.begin(), kept.end(), std::int64_t{0});
}

std::vector<SweepPoint> default_sweep_points() {
  std::vector<SweepPoint> points;
  for (int i = 0; i <= 40; ++i) points.push_back({false, -6 + 0.25 * i});
  return points;
}

std::vector<SweepPoint> default_sparsities() {
  std::vector<SweepPoint> points;
  for (const double sparsity : {0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999})
    points.push_back({true, sparsity});
  return points;
}

std::int64_t choose_row(const SweepResult& result, const std::string& rule) {
  constexpr std::string_view kPrefix = "drop<=";
  double points = 0;
  const char* last = rule.data() + rule.size();
  const bool known = rule.rfind(kPrefix, 0) == 0;
  const auto [end, status] =
      std::from_chars(rule.data() + (known ? kPrefix.size() : 0), last, points);
  VARPHASE_CHECK(known && status == std::errc() && end == last && points >= 0, ErrorKind::usage,
                 "--choose {}: wants drop<=POINTS, such as drop<=0.1 (points of accuracy)", rule);
  const auto order = [&](const SweepRow& row) {
    return std::tuple(row.sparsity, row.replace == Replacement::zero, row.metrics.accuracy);
  };
  std::int64_t best = -1;
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    const SweepRow& row = result.rows[i];
    // A hair of slack: 0.1 points of 1,000 images are one image, and the difference is a quotient.
    if (-100 * row.difference.difference > points + 1e-9) continue;
    if (best < 0 || order(row) >= order(result.rows[static_cast<std::size_t>(best)]))
      best = static_cast<std::int64_t>(i);
  }
  return best;
}

SweepResult mean_of_sweeps(const std::vector<SweepResult>& sweeps) {
  VARPHASE_CHECK(!sweeps.empty(), ErrorKind::usage, "a mean of sweeps wants at least one");
  if (sweeps.size() == 1) return sweeps.front();
  SweepResult result;
  result.full = mean_metrics(sweeps, [](const SweepResult& s) { return s.full; });
  for (std::size_t i = 0; i < sweeps.front().rows.size(); ++i) {
    SweepRow row = sweeps.front().rows[i];
    for (const SweepResult& sweep : sweeps) {
      VARPHASE_CHECK(sweep.rows.size() == sweeps.front().rows.size() &&
                         sweep.rows[i].criterion == row.criterion &&
                         sweep.rows[i].replace == row.replace &&
                         sweep.rows[i].point.value == row.point.value,
                     ErrorKind::shape, "sweeps of several networks want the same rows");
    }
    row.metrics = mean_metrics(sweeps, [&](const SweepResult& s) { return s.rows[i].metrics; });
    const MeanOf difference =
        mean_of(sweeps, [&](const SweepResult& s) { return s.rows[i].difference.difference; });
    row.difference = {difference.mean, difference.standard_error};
    row.sparsity = mean_of(sweeps, [&](const SweepResult& s) { return s.rows[i].sparsity; }).mean;
    row.network_sparsity =
        mean_of(sweeps, [&](const SweepResult& s) { return s.rows[i].network_sparsity; }).mean;
    if (row.threshold != sweeps.back().rows[i].threshold) row.threshold = std::nan("");
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace varphase
