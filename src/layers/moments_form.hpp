// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

namespace varphase {

/// Mean and variance of a variance layer's output for N images, each [N, out...].
struct OutputMoments {
  at::Tensor mean, variance;
};

/// Which of them is wanted; the other one's tensor is then undefined.
struct WantedMoments {
  bool mean = true, variance = true;
};

/// Computes the moments of a pruned layer's output in another way than by dense products with its masked weights: the
/// same numbers within rounding, faster where few weights are left, without gradients. ExecutedLayer is one.
class MomentsForm {
 public:
  virtual ~MomentsForm() = default;
  /// @param x float32 [N, in...] @param bias [out], or undefined
  virtual OutputMoments moments(const at::Tensor& x, const at::Tensor& bias,
                                WantedMoments wanted) const = 0;
};

}  // namespace varphase
