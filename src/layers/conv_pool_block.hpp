// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "src/kernels/support/where.hpp"
#include "src/layers/layer.hpp"
#include "src/layers/norm_pool_block.hpp"

namespace varphase {

/// A small convolution with the batch norm, activation and 2 x 2 pooling behind it, run as one
/// kernel in passes without gradients: nothing of the convolution's output is stored. The same
/// function as the layers one by one, but for rounding.
class ConvPoolBlock {
 public:
  /// The block of a layer and what follows it, or none where the layer is no plain convolution that
  /// the kernel takes.
  /// @param where  the kernel must fit the memory there
  static std::optional<ConvPoolBlock> of(Layer& layer, const NormPoolBlock& tail, Where where);
  /// Whether the kernel serves this pass: float32, eval mode, no gradients.
  static bool serves(const at::Tensor& x, const Forward& how);

  std::size_t length() const { return 1 + tail_.length(); }
  /// @param x [N, C, H, W] @return [N, O, H', W'], channels first
  at::Tensor forward(const at::Tensor& x) const;

 private:
  ConvPoolBlock(Layer& conv, const NormPoolBlock& tail) : conv_(&conv), tail_(tail) {}

  Layer* conv_;
  NormPoolBlock tail_;
};

}  // namespace varphase
