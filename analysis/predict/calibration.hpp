// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/predict/bootstrap.hpp"
#include "src/kernels/predict/prediction_scores.hpp"

namespace varphase {

/// The images whose confidence lies between two bounds: a bar of a reliability diagram.
struct CalibrationBin {
  double lower = 0, upper = 0;  // of equal mass: the least and the largest confidence in it
  std::int64_t images = 0;
  double accuracy = 0, confidence = 0;  // means over them, 0 where there are none
};

/// How well confidences are the shares of images that are right, by kCalibrationBins bins. Ties and edges as in
/// docs/robustness.md, "Metrics".
class Calibration {
 public:
  /// @param confidence  largest probability of each image @param right  1 where its class is the label
  Calibration(const std::vector<double>& confidence, const std::vector<std::uint8_t>& right);

  /// Bins (lo, hi] of one width. Source: Guo et al. (2017).
  std::vector<CalibrationBin> equal_width(const Counts& counts) const;
  /// Bins of as many images each, the first ones of one more where it does not go even; equal confidences in the order
  /// of the images. Where there are fewer images than bins, so many bins. Source: Nguyen and O'Connor (2015), Nixon et
  /// al. (2019).
  std::vector<CalibrationBin> equal_mass(const Counts& counts) const;

 private:
  std::vector<double> confidence_;
  std::vector<std::uint8_t> right_;
  std::vector<int> bin_;                  // of equal width
  std::vector<std::uint32_t> ascending_;  // images by confidence
};

/// sum_b n_b / N |accuracy_b - confidence_b|
double expected_calibration_error(const std::vector<CalibrationBin>& bins);
/// max_b |accuracy_b - confidence_b| over the bins that have images
double maximum_calibration_error(const std::vector<CalibrationBin>& bins);

}  // namespace varphase
