// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/four_gaussians.hpp"

#include <algorithm>
#include <cmath>

#include "src/data/split_mix.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kPoints = 2000;
constexpr double kCentres[4][2] = {{3, 3}, {3, 10}, {10, 3}, {10, 10}};

// Mean 0, variance 1, close to normal.
double near_normal(std::uint64_t number) {
  double sum = -6;
  for (std::uint64_t i = 0; i < 12; ++i) {
    sum += static_cast<double>(hash_word(number * 12 + i) >> 11U) * 0x1p-53;
  }
  return sum;
}

}  // namespace

ImageSet draw_four_gaussians(Split split) {
  ImageSet set;
  set.channels = 1;
  set.height = 1;
  set.width = 2;
  for (std::int64_t point = 0; point < kPoints; ++point) {
    const auto label = point % 4;
    for (int axis = 0; axis < 2; ++axis) {
      const auto number =
          static_cast<std::uint64_t>(point * 2 + axis) + (static_cast<std::uint64_t>(split) << 40U);
      const double value = kCentres[label][axis] + near_normal(number);
      const double byte = std::nearbyint((value - kFourGaussiansLeast) / kFourGaussiansStep);
      set.pixels.push_back(static_cast<std::uint8_t>(std::clamp(byte, 0.0, 255.0)));
    }
    set.labels.push_back(label);
    set.index.push_back(point);
  }
  return set;
}

}  // namespace varphase
