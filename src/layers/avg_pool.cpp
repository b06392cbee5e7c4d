// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/avg_pool.hpp"

#include <ATen/ops/avg_pool2d.h>

#include "src/layers/pool_window.hpp"

namespace varphase {

at::Tensor AvgPool::forward(const at::Tensor& x, const Forward&) {
  return at::avg_pool2d(x, {size_, size_});
}

std::unique_ptr<Layer> make_avg_pool(const Json& options, const Shape& input) {
  return std::make_unique<AvgPool>(pool_window("avg_pool", options, input), input);
}

}  // namespace varphase
