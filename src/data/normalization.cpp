// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/normalization.hpp"

#include <array>
#include <cmath>

#include "src/base/error.hpp"

namespace varphase {

namespace {

/// Of float32: sums of doubles in the images' order.
Normalization real_statistics(const ImageSet& set) {
  Normalization found;
  const auto plane = static_cast<std::size_t>(set.height * set.width);
  const auto channels = static_cast<std::size_t>(set.channels);
  const double count = static_cast<double>(set.reals.size()) / static_cast<double>(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const auto sum_of = [&](const auto& value) {
      double sum = 0;
      for (std::size_t first = c * plane; first < set.reals.size(); first += channels * plane) {
        for (std::size_t i = first; i < first + plane; ++i)
          sum += value(static_cast<double>(set.reals[i]));
      }
      return sum;
    };
    const double mean = sum_of([](double pixel) { return pixel; }) / count;
    const double squares = sum_of([&](double pixel) { return (pixel - mean) * (pixel - mean); });
    found.mean.push_back(mean / 255);
    found.deviation.push_back(std::sqrt(squares / count) / 255);
  }
  return found;
}

}  // namespace

Normalization channel_statistics(const ImageSet& set) {
  if (set.is_real()) return real_statistics(set);
  Normalization found;
  const auto plane = static_cast<std::size_t>(set.height * set.width);
  const auto channels = static_cast<std::size_t>(set.channels);
  for (std::size_t c = 0; c < channels; ++c) {
    std::array<std::uint64_t, 256> histogram{};
    for (std::size_t first = c * plane; first < set.pixels.size(); first += channels * plane) {
      for (std::size_t i = first; i < first + plane; ++i) ++histogram[set.pixels[i]];
    }
    std::uint64_t sum = 0;
    for (std::size_t level = 0; level < histogram.size(); ++level) sum += histogram[level] * level;
    const std::size_t pixels = set.pixels.size() / channels;
    const auto count = static_cast<double>(pixels);
    const double mean = static_cast<double>(sum) / count;
    double squares = 0;
    for (std::size_t level = 0; level < histogram.size(); ++level) {
      const double off = static_cast<double>(level) - mean;
      squares += static_cast<double>(histogram[level]) * off * off;
    }
    found.mean.push_back(mean / 255);
    found.deviation.push_back(std::sqrt(squares / count) / 255);
  }
  return found;
}

void normalize(Dataset& dataset, const Normalization& normalization) {
  const auto channels = static_cast<std::size_t>(dataset.first_part().channels);
  VARPHASE_CHECK(
      normalization.mean.size() == channels && normalization.deviation.size() == channels,
      ErrorKind::usage, "{}: images have {} channels, the normalization has {} means and {} stds",
      dataset.name, channels, normalization.mean.size(), normalization.deviation.size());
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = normalization.mean[c];
    const double deviation = normalization.deviation[c];
    VARPHASE_CHECK(std::isfinite(mean) && std::isfinite(deviation) && deviation > 0,
                   ErrorKind::usage,
                   "{}: channel {} has mean {} and std {}: wants a std over 0\n  a channel of one "
                   "value cannot be normalized: data.normalize=none",
                   dataset.name, c, mean, deviation);
  }
  for (ImageSet* set : {&dataset.train, &dataset.validation, &dataset.test})
    set->normalization = normalization;
}

}  // namespace varphase
