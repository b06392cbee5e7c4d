// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "src/noise/noise_key.hpp"

namespace varphase {
namespace {

double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Counts each_once(std::int64_t images) { return Counts(static_cast<std::size_t>(images), 1); }

Counts resampled(std::uint64_t seed, std::uint16_t set, std::uint32_t resample,
                 std::int64_t images) {
  const NoiseKey key{seed, Stream::bootstrap, set, 0};
  const auto count = static_cast<std::uint64_t>(images);
  Counts counts(count, 0);
  for (std::uint64_t first = 0; first < count; first += 4) {
    const PhiloxBlock block = noise_block(key, 0, resample, static_cast<std::uint32_t>(first / 4));
    const std::uint64_t words[] = {block.x0, block.x1, block.x2, block.x3};
    for (std::uint64_t draw = 0; draw < std::min<std::uint64_t>(4, count - first); ++draw)
      ++counts[words[draw] * count >> 32U];
  }
  return counts;
}

Interval percentile_interval(std::vector<double> values, double level) {
  const bool known =
      !values.empty() &&
      std::none_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
  if (!known) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    return {none, none};
  }
  std::sort(values.begin(), values.end());
  return {quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)};
}

}  // namespace varphase
