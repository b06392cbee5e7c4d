// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "analysis/predict/metrics.hpp"

namespace varphase {

/// The logarithm of the mean of several networks' probabilities (not of their logits), float64. Source: docs/math.md,
/// "Estimators".
/// @param log_p  of each network [N, C], of the same images on one device @return [N, C]
at::Tensor mean_over_networks(const std::vector<at::Tensor>& log_p);

/// The metrics of an average over networks, and how far the networks disagree.
struct NetworkEnsemble {
  Metrics metrics;
  /// Entropy of the average less the mean of the networks' own entropies, nats, mean over images, at least 0.
  double mutual_information = 0;
};

/// @param log_p as mean_over_networks @param labels int64 [N]
NetworkEnsemble score_networks(const std::vector<at::Tensor>& log_p, const at::Tensor& labels);

}  // namespace varphase
