// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/uniform_tensor.hpp"

#include <ATen/ops/empty.h>

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

}  // namespace varphase
