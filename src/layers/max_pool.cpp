// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/max_pool.hpp"

#include <ATen/ops/max_pool2d.h>

#include "src/layers/pool_window.hpp"

namespace varphase {

at::Tensor MaxPool::forward(const at::Tensor& x, const Forward&) {
  return at::max_pool2d(x, {size_, size_});
}

std::unique_ptr<Layer> make_max_pool(const Json& options, const Shape& input) {
  return std::make_unique<MaxPool>(pool_window("max_pool", options, input), input);
}

}  // namespace varphase
