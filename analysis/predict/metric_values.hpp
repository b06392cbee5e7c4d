// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace varphase {

/// Metrics of predictions over N images. Source: docs/math.md, "Metrics".
struct Metrics {
  std::int64_t images = 0;
  double accuracy = 0;     // share whose most probable class (ties: lowest) is the label
  double accuracy_se = 0;  // sqrt(a (1 - a) / N)
  double nll = 0;          // nats, mean over images
  double brier = 0;        // mean over images of the sum over classes
  double ece = 0;          // 15 equal-width bins (lo, hi]
  double entropy = 0;      // nats, mean over images, of the mean prediction
};

/// All but accuracy_se, whose mean over networks or sets of images means nothing; names as in files.
struct MetricField {
  const char* name;
  double Metrics::*value;
};
inline constexpr MetricField kMetricFields[] = {{"accuracy", &Metrics::accuracy},
                                                {"nll", &Metrics::nll},
                                                {"brier", &Metrics::brier},
                                                {"ece", &Metrics::ece},
                                                {"entropy", &Metrics::entropy}};

/// A difference of two accuracies on the same images, with its standard error
///
///     sqrt(n01 + n10 - (n10 - n01)^2 / N) / N,
///
/// n01 and n10 the numbers of images that only one of the two gets right.
struct PairedDifference {
  double difference = 0;
  double standard_error = 0;
};

}  // namespace varphase
