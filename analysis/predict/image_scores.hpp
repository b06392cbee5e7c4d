// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace varphase {

/// How sure a prediction is of each of N images.
struct Uncertainty {
  std::vector<double> confidence;  // the largest probability
  std::vector<double> entropy;     // nats, of the mean prediction
  /// Entropy less the mean of the members' entropies, nats, at least 0; empty where there is one member.
  std::vector<double> mutual_information;

  std::int64_t images() const { return static_cast<std::int64_t>(confidence.size()); }
};

/// What metrics are made of, by image.
struct ImageScores : Uncertainty {
  std::vector<std::uint8_t> right;  // 1 where the most probable class (ties: lowest) is the label
  std::vector<double> nll;          // nats
  std::vector<double> brier;        // summed over classes
};

/// In float64 on the CPU.
/// @param log_p  [N, classes] @param member_entropy  [N], nats, mean over members; undefined where there is one
/// @throws Error numeric where a probability is NaN
Uncertainty uncertainty(const at::Tensor& log_p, const at::Tensor& member_entropy);
/// @param labels  int64 [N]
ImageScores image_scores(const at::Tensor& log_p, const at::Tensor& member_entropy,
                         const at::Tensor& labels);

}  // namespace varphase
