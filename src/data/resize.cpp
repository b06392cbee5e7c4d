// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/resize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace varphase {
namespace {

constexpr int kFractionalBits = 22;

/// Of each place of the result: where its window begins, and the window's weights.
struct Windows {
  std::size_t longest = 0;
  std::vector<std::size_t> first;
  std::vector<std::size_t> count;
  std::vector<std::int32_t> weights;  // longest for each
};

/// Halves go up, as in Pillow.
std::int64_t nearest(double value) { return static_cast<std::int64_t>(std::floor(value + 0.5)); }

Windows windows_of(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(scale, 1.0);  // of the filter to each side
  Windows windows;
  windows.longest = static_cast<std::size_t>(std::ceil(reach)) * 2 + 1;
  windows.weights.resize(static_cast<std::size_t>(to) * windows.longest);
  std::vector<double> exact(windows.longest);
  for (std::int64_t place = 0; place < to; ++place) {
    const double centre = (static_cast<double>(place) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(nearest(centre - reach), 0);
    const auto end = std::min<std::int64_t>(nearest(centre + reach), from);
    const auto count = static_cast<std::size_t>(end - first);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double off =
          (static_cast<double>(static_cast<std::int64_t>(i) + first) - centre + 0.5) *
          (1.0 / reach);
      exact[i] = std::max(0.0, 1.0 - std::fabs(off));
      sum += exact[i];
    }
    std::int32_t* weights =
        windows.weights.data() + static_cast<std::size_t>(place) * windows.longest;
    for (std::size_t i = 0; i < count; ++i)
      weights[i] = static_cast<std::int32_t>(nearest(exact[i] / sum * (1 << kFractionalBits)));
    windows.first.push_back(static_cast<std::size_t>(first));
    windows.count.push_back(count);
  }
  return windows;
}

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kFractionalBits, 0, 255));
}
constexpr std::int32_t kHalf = 1 << (kFractionalBits - 1);

}  // namespace

void resize_plane(const Plane& from, std::uint8_t* out, std::int64_t height, std::int64_t width) {
  const auto rows = static_cast<std::size_t>(from.height);
  const auto wide = static_cast<std::size_t>(from.width), narrow = static_cast<std::size_t>(width);
  const std::uint8_t* across = from.pixels;
  std::vector<std::uint8_t> kept;
  if (wide != narrow) {
    const Windows windows = windows_of(from.width, width);
    kept.resize(rows * narrow);
    for (std::size_t y = 0; y < rows; ++y) {
      for (std::size_t x = 0; x < narrow; ++x) {
        const std::uint8_t* pixels = from.pixels + y * wide + windows.first[x];
        const std::int32_t* weights = windows.weights.data() + x * windows.longest;
        std::int32_t sum = kHalf;
        for (std::size_t i = 0; i < windows.count[x]; ++i) sum += pixels[i] * weights[i];
        kept[y * narrow + x] = rounded(sum);
      }
    }
    across = kept.data();
  }
  if (from.height == height) {
    std::copy_n(across, rows * narrow, out);
    return;
  }
  const Windows windows = windows_of(from.height, height);
  std::vector<std::int32_t> sums(narrow);
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (std::size_t i = 0; i < windows.count[y]; ++i) {
      const std::uint8_t* row = across + (windows.first[y] + i) * narrow;
      const std::int32_t weight = windows.weights[y * windows.longest + i];
      for (std::size_t x = 0; x < narrow; ++x) sums[x] += row[x] * weight;
    }
    std::transform(sums.begin(), sums.end(), out + y * narrow, rounded);
  }
}

}  // namespace varphase
