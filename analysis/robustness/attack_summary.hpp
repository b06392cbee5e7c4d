// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/predict/interval.hpp"
#include "analysis/robustness/attack_outcome.hpp"

namespace varphase {

/// Wilson's score interval of a rate of so many successes in n images, 95 % (Wilson 1927): within 0 .. 1 and not empty
/// at either end.
Interval wilson_interval(std::int64_t successes, std::int64_t n);

/// All images at one judged point of an attack.
struct AttackPoint {
  std::int64_t step = 0;
  std::int64_t images = 0, successes = 0;
  double success = 0;  // rate over all images, whether or not classified rightly before
  Interval success_95;
  double entropy = 0;   // nats, mean over images
  Interval entropy_95;  // by its standard error
  double loss = 0;      // nats, mean -log p[aim] by the attack's own draws
  /// Less another judge's, image by image; intervals by the standard error of the paired difference.
  struct Difference {
    double success = 0, entropy = 0;
    Interval success_95, entropy_95;
  };
  std::optional<Difference> difference;
};

/// @param judge  its place in outcome.judges @param base  of the judge that it is compared with; the same: with none
std::vector<AttackPoint> attack_points(const AttackOutcome& outcome, std::size_t judge,
                                       std::size_t base = 0);

/// Of a value by image: the mean and its standard error.
struct MeanOfImages {
  double mean = 0, standard_error = 0;
};
MeanOfImages mean_of_images(const std::vector<double>& values);

}  // namespace varphase
