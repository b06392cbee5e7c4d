// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace varphase {
namespace {

// While images are added, a bin holds sums.
void add(CalibrationBin& bin, double confidence, bool right, std::int64_t times) {
  bin.images += times;
  bin.accuracy += right ? static_cast<double>(times) : 0;
  bin.confidence += confidence * static_cast<double>(times);
}

void divide(std::vector<CalibrationBin>& bins) {
  for (CalibrationBin& bin : bins) {
    if (bin.images == 0) continue;
    bin.accuracy /= static_cast<double>(bin.images);
    bin.confidence /= static_cast<double>(bin.images);
  }
}

}  // namespace

Calibration::Calibration(const std::vector<double>& confidence,
                         const std::vector<std::uint8_t>& right)
    : confidence_(confidence), right_(right), ascending_(confidence.size()) {
  for (const double value : confidence_)
    bin_.push_back(std::clamp(static_cast<int>(std::ceil(kCalibrationBins * value)) - 1, 0,
                              kCalibrationBins - 1));
  std::iota(ascending_.begin(), ascending_.end(), 0U);
  std::stable_sort(ascending_.begin(), ascending_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return confidence_[a] < confidence_[b];
  });
}

std::vector<CalibrationBin> Calibration::equal_width(const Counts& counts) const {
  std::vector<CalibrationBin> bins(kCalibrationBins);
  for (int b = 0; b < kCalibrationBins; ++b) {
    bins[b].lower = static_cast<double>(b) / kCalibrationBins;
    bins[b].upper = static_cast<double>(b + 1) / kCalibrationBins;
  }
  for (std::size_t n = 0; n < confidence_.size(); ++n)
    add(bins[bin_[n]], confidence_[n], right_[n] != 0, counts[n]);
  divide(bins);
  return bins;
}

std::vector<CalibrationBin> Calibration::equal_mass(const Counts& counts) const {
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  std::vector<CalibrationBin> bins(std::min<std::int64_t>(total, kCalibrationBins));
  const auto parts = static_cast<std::int64_t>(bins.size());
  std::size_t at = 0;
  for (const std::uint32_t n : ascending_) {
    std::int64_t left = counts[n];
    while (left > 0) {
      CalibrationBin& bin = bins[at];
      const std::int64_t room =
          total / parts + (static_cast<std::int64_t>(at) < total % parts ? 1 : 0) - bin.images;
      if (room == 0) {
        ++at;
        continue;
      }
      if (bin.images == 0) bin.lower = confidence_[n];
      bin.upper = confidence_[n];
      const std::int64_t taken = std::min(room, left);
      add(bin, confidence_[n], right_[n] != 0, taken);
      left -= taken;
    }
  }
  divide(bins);
  return bins;
}

double expected_calibration_error(const std::vector<CalibrationBin>& bins) {
  double error = 0, images = 0;
  for (const CalibrationBin& bin : bins) {
    error += static_cast<double>(bin.images) * std::abs(bin.accuracy - bin.confidence);
    images += static_cast<double>(bin.images);
  }
  return error / images;
}

double maximum_calibration_error(const std::vector<CalibrationBin>& bins) {
  double error = 0;
  for (const CalibrationBin& bin : bins)
    error = std::max(error, std::abs(bin.accuracy - bin.confidence));
  return error;
}

}  // namespace varphase
