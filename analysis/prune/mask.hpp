// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace varphase {

/// 1 where score > threshold (kept), else 0; float32, shape of the score. Of kappa, the score is
/// |kappa| and the threshold kappa_0. @throws Error numeric where a score is NaN.
at::Tensor mask_over(const at::Tensor& score, double threshold);

/// The order in which weights go: lowest by (score, flat index) first, stable; those that an
/// earlier pruning dropped before all others. Over several layers: all their weights together.
class DropOrder {
 public:
  /// @param scores one tensor a layer, on one device
  /// @param kept what an earlier pruning kept, one a layer, as the scores; undefined: all
  /// @throws Error numeric where a score is NaN.
  DropOrder(const std::vector<at::Tensor>& scores, const std::vector<at::Tensor>& kept);

  /// The masks without the first floor(sparsity * count) weights, never with one that was dropped
  /// before. float32, one a layer. @throws Error usage unless 0 <= sparsity <= 1.
  std::vector<at::Tensor> masks(double sparsity) const;

  std::int64_t count() const { return order_.numel(); }
  std::int64_t dropped_before() const { return dropped_before_; }

 private:
  std::vector<std::vector<std::int64_t>> shapes_;
  at::Tensor order_;  // int64 [count]
  std::int64_t dropped_before_ = 0;
};

/// Of one layer that was not pruned before.
at::Tensor mask_of_sparsity(const at::Tensor& score, double sparsity);

/// The smallest score that a mask keeps; 0 where it keeps all, infinity where none.
double threshold_of(const at::Tensor& score, const at::Tensor& mask);

/// What a dropped weight becomes: its mean (variance 0), or zero (mean and variance 0). Paper,
/// section 5.
enum class Replacement { mean, zero };
std::string replacement_name(Replacement rule);
/// @throws Error usage with the known names.
Replacement replacement_from_name(const std::string& name);

struct MaskedWeights {
  at::Tensor mean, variance;
};
MaskedWeights masked_weights(const at::Tensor& mean, const at::Tensor& variance,
                             const at::Tensor& mask, Replacement rule);

}  // namespace varphase
