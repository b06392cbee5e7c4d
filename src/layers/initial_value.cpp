// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/layers/layer.hpp"
#include "src/noise/normal_fill.hpp"

namespace varphase {

at::Tensor uniform_tensor(const Shape& shape, double bound, const NoiseKey& key,
                          std::uint32_t member) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  float* values = tensor.data_ptr<float>();
  fill_uniforms(key, 0, member, tensor.numel(), values);
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>(bound * (2.0 * static_cast<double>(values[i]) - 1.0));
  }
  return tensor;
}

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace varphase
