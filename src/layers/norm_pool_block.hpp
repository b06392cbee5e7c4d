// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/layers/batch_norm.hpp"
#include "src/layers/forward.hpp"
#include "src/layers/layer_traits.hpp"

namespace varphase {

/// Batch norm, an activation and perhaps max pooling as they follow each other in a network, run as
/// one kernel. The same function as the layers one by one, but for rounding, and for ties of a
/// window's largest values, where the gradient may go to another of them.
class NormPoolBlock {
 public:
  /// Of the norm and the activation behind it.
  NormPoolBlock(const BatchNorm& norm, const ElementwiseTraits& phi);
  /// Takes in the max pool that follows. @return whether the kernel can
  bool add_pool(std::int64_t window);
  /// A dense layer follows: it wants channels first.
  void end_channels_first() { flat_next_ = true; }

  std::size_t length() const { return length_; }
  const BatchNorm& norm() const { return *norm_; }
  Activation activation() const { return activation_; }
  double beta() const { return beta_; }
  std::int64_t pool() const { return pool_; }  // 1: none

  /// Whether the kernel serves this pass: float32, or bfloat16 on a GPU; and training, or without
  /// gradients by the norm's own parameters.
  bool serves(const at::Tensor& x, const Forward& how) const;

  /// @param x [N, C, H, W] or [N, C]
  at::Tensor forward(const at::Tensor& x, const Forward& how) const;

 private:
  const BatchNorm* norm_;
  Activation activation_;
  double beta_;
  std::int64_t pool_ = 1;
  std::size_t length_ = 2;
  bool flat_next_ = false;
};

}  // namespace varphase
