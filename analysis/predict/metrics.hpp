// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "analysis/predict/metric_values.hpp"

namespace varphase {

/// @throws Error numeric where a value of predictions is NaN
void check_predicted(double value);

/// Entropy of each prediction, nats. @param log_p [.., C] @return [..]
at::Tensor entropy_of(const at::Tensor& log_p);

/// The metrics of one of several variants of a network.
struct ScoredVariant {
  Metrics metrics;
  PairedDifference difference;  // from variant 0
};

/// @param log_p  log probabilities [G, N, C] of G variants @param labels  int64 [N]. Sums are float64, on log_p's
///   device.
std::vector<ScoredVariant> score_variants(const at::Tensor& log_p, const at::Tensor& labels);

/// @param log_p [N, C]
Metrics metrics(const at::Tensor& log_p, const at::Tensor& labels);

}  // namespace varphase
