// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/gate.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/ones.h>

namespace varphase {
namespace {

at::Tensor padded_to(const at::Tensor& x, const Shape& shape) {
  const std::int64_t below = shape[1] - x.size(-2), right = shape[2] - x.size(-1);
  return below == 0 && right == 0 ? x : at::constant_pad_nd(x, {0, right, 0, below});
}

Shape behind_images(const at::Tensor& v, const Shape& shape) {
  Shape full{v.size(0), v.size(1)};
  full.insert(full.end(), shape.begin(), shape.end());
  return full;
}

}  // namespace

at::Tensor spread_over_windows(const at::Tensor& x, std::int64_t window, const Shape& shape) {
  return padded_to(x.repeat_interleave(window, -2).repeat_interleave(window, -1), shape);
}

void Gate::append(const GateRule& rule) {
  const Shape& below = rule.input_shape();
  if (rule.window() > 1) {
    if (multiplier_.defined() && multiplier_.dim() == static_cast<std::int64_t>(below.size()) + 1 &&
        multiplier_.size(-1) * multiplier_.size(-2) > 1)
      multiplier_ = spread_over_windows(multiplier_, rule.window(), below);
    window_ *= rule.window();
  } else if (multiplier_.defined() && below.size() != shape_.size()) {  // flatten
    Shape full = below;
    full.insert(full.begin(), multiplier_.size(0));
    Shape of_top = shape_;
    of_top.insert(of_top.begin(), multiplier_.size(0));
    multiplier_ = multiplier_.expand(of_top).reshape(full);
  }
  if (const at::Tensor slope = rule.slope(); slope.defined())
    multiplier_ = multiplier_.defined() ? multiplier_ * slope : slope;
  shape_ = below;
}

at::Tensor Gate::pull(const at::Tensor& v) const {
  if (window_ == 1) {
    const at::Tensor shaped = v.view(behind_images(v, shape_));
    return multiplier_.defined() ? shaped * multiplier_.unsqueeze(1) : shaped;
  }
  const std::int64_t channels = shape_[0], height = shape_[1] / window_,
                     width = shape_[2] / window_;
  const std::int64_t images = multiplier_.size(0);
  // One product writes every place of each window; the winner's alone is not zero.
  const at::Tensor places =
      multiplier_.narrow(2, 0, height * window_).narrow(3, 0, width * window_).contiguous();
  const at::Tensor product =
      v.view({v.size(0), v.size(1), channels, height, 1, width, 1}) *
      places.view({images, 1, channels, height, window_, width, window_});
  return padded_to(
      product.view({v.size(0), v.size(1), channels, height * window_, width * window_}), shape_);
}

}  // namespace varphase
