// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "analysis/curvature/rule.hpp"
#include "src/kernels/support/conv_geometry.hpp"

namespace varphase {

/// The patches of a convolution's input that its weights meet, one for each position of its output.
/// P positions, w = C k k weights an output channel.
class ConvPatches {
 public:
  explicit ConvPatches(const ConvGeometry& geometry) : geometry_(geometry) {}
  /// @param a [N, C, H, W]; undefined: none any more
  void set_input(const at::Tensor& a) { a_ = a; }

  const ConvGeometry& geometry() const { return geometry_; }
  std::int64_t positions() const { return geometry_.out_height * geometry_.out_width; }
  std::int64_t patch_size() const {
    return geometry_.channels * geometry_.kernel * geometry_.kernel;
  }
  /// So many images' share of a block of temporaries, at least one.
  std::int64_t images_at_once(std::int64_t elements_an_image) const;

  /// Of images first .. first + count - 1, [count, P, w]; may be a view of the input.
  at::Tensor of(std::int64_t first, std::int64_t count) const;
  /// Of all images as [N, w, P].
  at::Tensor across() const;
  /// sum_n,p v[n,o,p] patch[n,p,w], or with the patches squared. @param v [N, O, P] @return [O, w]
  at::Tensor weighted(const at::Tensor& v, bool squared) const;
  /// [N, C, H + 2 padding, W + 2 padding]
  at::Tensor padded_input() const;
  /// Where the patches of winners begin, int32 as pooled_squares takes them: flat in a plane of
  /// padded_input, -1 where nothing passes.
  at::Tensor corners(const PoolWinners& winners) const;

 private:
  at::Tensor windows(const at::Tensor& a) const;
  at::Tensor padded(const at::Tensor& a) const;

  ConvGeometry geometry_;
  at::Tensor a_;
};

}  // namespace varphase
