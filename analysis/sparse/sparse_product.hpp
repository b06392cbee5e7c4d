// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "src/kernels/support/conv_geometry.hpp"
#include "src/layers/moments_form.hpp"

namespace varphase {

/// Mean and variance of a layer's output from its kept weights alone (src/kernels/products/sparse_moments.hpp).
class SparseProduct {
 public:
  /// @param keep  bool [out, in], or [out, in, kernel, kernel] of a convolution
  /// @param mean, variance  float32 of the same shape; entries that are not kept are not looked at. Where mean is
  ///   undefined, only the variance can be asked for.
  /// @param geometry  of the convolution, or ConvGeometry{in}
  /// @throws Error shape where the shapes disagree or 32-bit indices do not suffice.
  SparseProduct(const at::Tensor& keep, const at::Tensor& mean, const at::Tensor& variance,
                const ConvGeometry& geometry);

  bool has_mean() const { return mean_.defined(); }
  /// @param x  float32 [N, in], or [N, in, height, width] in any order of memory @param bias  [out], or undefined
  /// @return [N, out], or [N, out, height, width] lying channels-last
  /// @throws Error shape, usage.
  OutputMoments moments(const at::Tensor& x, const at::Tensor& bias, WantedMoments wanted) const;
  /// Memory of indices and values.
  std::int64_t bytes() const;

 private:
  ConvGeometry geometry_;
  bool convolution_;
  std::int64_t outputs_;
  at::Tensor indptr_, indices_;  // int32 [out * kernel^2 + 1], [kept]
  at::Tensor mean_, variance_;   // [kept]
};

}  // namespace varphase
