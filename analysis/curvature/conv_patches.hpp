// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "analysis/curvature/rule.hpp"
#include "src/kernels/support/conv_geometry.hpp"

namespace varphase {

/// The patches of a convolution's input, one for each position of its output: what its weights are multiplied with. P =
/// positions of the output, w = channels * kernel * kernel = weights of an output channel.
class ConvPatches {
 public:
  explicit ConvPatches(const ConvGeometry& geometry) : geometry_(geometry) {}
  /// @param a  [N, C, H, W]; undefined: forget the input
  void set_input(const at::Tensor& a) { a_ = a; }

  const ConvGeometry& geometry() const { return geometry_; }
  std::int64_t positions() const { return geometry_.out_height * geometry_.out_width; }
  std::int64_t patch_size() const {
    return geometry_.channels * geometry_.kernel * geometry_.kernel;
  }
  /// How many images to work on at a time so that temporaries of so many elements per image stay within one block of
  /// memory; at least 1.
  std::int64_t images_at_once(std::int64_t elements_an_image) const;

  /// Patches of images first .. first + count - 1, [count, P, w]; may be a view of the input.
  at::Tensor of(std::int64_t first, std::int64_t count) const;
  /// Patches of all images, [N, w, P].
  at::Tensor across() const;
  /// sum_{n,p} v[n,o,p] patch[n,p,w], or with each patch entry squared. @param v  [N, O, P] @return [O, w]
  at::Tensor weighted(const at::Tensor& v, bool squared) const;
  /// The input with its zeros around it, [N, C, H + 2 padding, W + 2 padding].
  at::Tensor padded_input() const;
  /// For each winner of a max pool behind the convolution, the flat index in a channel of padded_input at which the
  /// winner's patch begins, int32; -1 where the activation's slope at the winner is 0. Taken by pooled_squares.
  at::Tensor corners(const PoolWinners& winners) const;

 private:
  at::Tensor windows(const at::Tensor& a) const;
  at::Tensor padded(const at::Tensor& a) const;

  ConvGeometry geometry_;
  at::Tensor a_;
};

}  // namespace varphase
