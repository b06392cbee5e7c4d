// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "analysis/prune/cut_request.hpp"

namespace varphase {

/// The mask of a threshold: 1 (kept) where score > threshold, else 0; float32, in the score's shape. For kappa the
/// score is |kappa| and the threshold kappa_0.
/// @throws Error numeric where a score is NaN.
at::Tensor mask_over(const at::Tensor& score, double threshold);

/// The order in which weights are dropped: by score, lowest first; equal scores by flat index; those that an earlier
/// pruning dropped come before all others. For several layers: all their weights in one order.
class DropOrder {
 public:
  /// @param scores  one tensor per layer, all on one device
  /// @param kept  one per layer, 1 where an earlier pruning kept the weight; undefined: all
  /// @throws Error numeric where a score is NaN.
  DropOrder(const std::vector<at::Tensor>& scores, const std::vector<at::Tensor>& kept);

  /// The masks after dropping the first floor(sparsity * count) weights, and those that were dropped before in any
  /// case. float32, one per layer. @throws Error usage unless 0 <= sparsity <= 1.
  std::vector<at::Tensor> masks(double sparsity) const;

  std::int64_t count() const { return order_.numel(); }

 private:
  std::vector<std::vector<std::int64_t>> shapes_;
  at::Tensor order_;  // int64 [count]
  std::int64_t dropped_before_ = 0;
};

/// The smallest score that a mask keeps; 0 where it keeps all weights, infinity where it keeps none.
double threshold_of(const at::Tensor& score, const at::Tensor& mask);

struct MaskedWeights {
  at::Tensor mean, variance;
};
/// Mean and variance of the weights under a mask.
MaskedWeights masked_weights(const at::Tensor& mean, const at::Tensor& variance,
                             const at::Tensor& mask, Replacement rule);

}  // namespace varphase
