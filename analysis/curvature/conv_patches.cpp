// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/conv_patches.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

namespace varphase {

constexpr std::int64_t kBlockBytes = 256LL << 20;

std::int64_t ConvPatches::images_at_once(std::int64_t elements_an_image) const {
  const std::int64_t bytes = elements_an_image * static_cast<std::int64_t>(a_.element_size());
  return std::clamp<std::int64_t>(kBlockBytes / bytes, 1, a_.size(0));
}

at::Tensor ConvPatches::of(std::int64_t first, std::int64_t count) const {
  return windows(a_.narrow(0, first, count))
      .permute({0, 2, 3, 1, 4, 5})
      .reshape({count, positions(), patch_size()});
}

at::Tensor ConvPatches::across() const {
  return windows(a_).permute({0, 1, 4, 5, 2, 3}).reshape({a_.size(0), patch_size(), positions()});
}

at::Tensor ConvPatches::weighted(const at::Tensor& v, bool squared) const {
  at::Tensor sum = at::zeros({v.size(1), patch_size()}, v.options());
  const std::int64_t block = images_at_once(positions() * patch_size());
  for (std::int64_t first = 0; first < v.size(0); first += block) {
    const std::int64_t count = std::min(block, v.size(0) - first);
    at::Tensor met = of(first, count);
    if (squared) met = met.square();
    sum.addmm_(v.narrow(0, first, count).transpose(0, 1).flatten(1), met.flatten(0, 1));
  }
  return sum;
}

at::Tensor ConvPatches::padded_input() const { return padded(a_).contiguous(); }

at::Tensor ConvPatches::corners(const PoolWinners& winners) const {
  const std::int64_t width = geometry_.width + 2 * geometry_.padding;
  const at::Tensor row = winners.position.div(geometry_.out_width, "floor") * geometry_.stride,
                   column = winners.position.remainder(geometry_.out_width) * geometry_.stride;
  return at::where(winners.multiplier == 0, -1, row * width + column).to(at::kInt).contiguous();
}

// A view [N, C, out height, out width, k, k], so that patches take one copy; at::im2col takes the
// images one by one.
at::Tensor ConvPatches::windows(const at::Tensor& a) const {
  return padded(a)
      .unfold(2, geometry_.kernel, geometry_.stride)
      .unfold(3, geometry_.kernel, geometry_.stride);
}

at::Tensor ConvPatches::padded(const at::Tensor& a) const {
  const std::int64_t p = geometry_.padding;
  return p > 0 ? at::constant_pad_nd(a, {p, p, p, p}) : a;
}

}  // namespace varphase
