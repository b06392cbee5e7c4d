// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/gate.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>

#include "src/kernels/curvature/gate_factors.hpp"
#include "src/torch/kernel_arguments.hpp"

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

std::optional<PoolWinners> Gate::winners() const {
  if (window_ == 1) return std::nullopt;
  const std::int64_t images = multiplier_.size(0), channels = shape_[0], rows = shape_[1] / window_,
                     columns = shape_[2] / window_, w = window_;
  const at::Tensor places = multiplier_.narrow(2, 0, rows * w)
                                .narrow(3, 0, columns * w)
                                .reshape({images, channels, rows, w, columns, w})
                                .permute({0, 2, 4, 1, 3, 5})
                                .reshape({images, rows, columns, channels, w * w});
  const at::Tensor winner = places.abs().argmax(4, true);  // [N, rows, columns, C, 1]
  const at::TensorOptions whole = winner.options();
  const at::Tensor corner = (at::arange(rows, whole) * (w * shape_[2])).view({-1, 1, 1}) +
                            (at::arange(columns, whole) * w).view({-1, 1});
  const at::Tensor inside = winner.squeeze(4);
  const at::Tensor position = corner + inside.div(w, "floor") * shape_[2] + inside.remainder(w);
  return PoolWinners{position.flatten(1, 2),
                     places.gather(4, winner).squeeze(4).flatten(1, 2).contiguous()};
}

at::Tensor Gate::pull(const at::Tensor& v) const {
  const Shape full = behind_images(v, shape_);
  if (!multiplier_.defined()) return v.view(full);
  const bool image = shape_.size() == 3;
  Shape own = shape_;
  own.insert(own.begin(), multiplier_.size(0));
  const at::Tensor from = v.contiguous(), by = multiplier_.expand(own).contiguous();
  at::Tensor out = at::empty(full, v.options());
  on_floats(v, [&](auto zero) {
    using T = decltype(zero);
    GateFactors<T> job;
    job.v = data_of<T>(from);
    job.multiplier = data_of<T>(by);
    job.shared = by.size(0) == 1 && v.size(0) > 1;
    job.images = v.size(0);
    job.factors = v.size(1);
    job.channels = shape_[0];
    job.height = image ? shape_[1] : 1;
    job.width = image ? shape_[2] : 1;
    job.window = window_;
    job.out = data_of<T>(out);
    gate_factors(job, where_of(v));
  });
  return out;
}

}  // namespace varphase
