// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "src/kernels/support/conv_geometry.hpp"
#include "src/layers/moments_form.hpp"

namespace varphase {

/// A layer's moments from its kept weights alone (src/kernels/products/sparse_moments.hpp).
class SparseProduct {
 public:
  /// @param keep bool [out, in] or, of a convolution, [out, in, kernel, kernel]
  /// @param mean, variance float32 of the same shape; what is not kept is not looked at. Without a
  /// mean (undefined) only the variance can be asked for.
  /// @param geometry of the convolution, or ConvGeometry{in}
  /// @throws Error shape where the shapes disagree or 32-bit indices do not reach.
  SparseProduct(const at::Tensor& keep, const at::Tensor& mean, const at::Tensor& variance,
                const ConvGeometry& geometry);

  bool has_mean() const { return mean_.defined(); }
  /// @param x float32 [N, in], or [N, in, height, width] in any order of memory; convolutions' come
  /// out channels-last. @param bias [out], or undefined @throws Error shape, usage.
  OutputMoments moments(const at::Tensor& x, const at::Tensor& bias, WantedMoments wanted) const;
  /// Of indices and values.
  std::int64_t bytes() const;

 private:
  ConvGeometry geometry_;
  bool convolution_;
  std::int64_t outputs_;
  at::Tensor indptr_, indices_;  // int32 [out * kernel^2 + 1], [kept]
  at::Tensor mean_, variance_;   // [kept]
};

}  // namespace varphase
