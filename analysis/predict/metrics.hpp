// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

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

/// @param log_p [N, C] log probabilities; @param labels int64 [N]. Sums in float64.
Metrics metrics(const at::Tensor& log_p, const at::Tensor& labels);

/// int64 [N]: 1 where the most probable class is the label.
at::Tensor is_right(const at::Tensor& log_p, const at::Tensor& labels);

/// Difference of accuracy, other - reference, on the same images, and its standard error.
struct PairedDifference {
  double difference = 0;
  double standard_error = 0;
};
PairedDifference paired_difference(const at::Tensor& right_reference,
                                   const at::Tensor& right_other);

}  // namespace varphase
