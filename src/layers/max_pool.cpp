// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/max_pool.hpp"

#include <ATen/ops/max_pool2d.h>

#include "src/base/config.hpp"

namespace varphase {

at::Tensor MaxPool::forward(const at::Tensor& x, const Forward&) {
  return at::max_pool2d(x, {size_, size_});
}

std::unique_ptr<Layer> make_max_pool(const Json& options, const Shape& input) {
  VARPHASE_CHECK(options.is_number_integer() && options.get<std::int64_t>() > 0, ErrorKind::usage,
                 "max_pool: wants the side of its window, {{\"max_pool\": 2}}, got {}",
                 options.dump());
  const auto size = options.get<std::int64_t>();
  VARPHASE_CHECK(input.size() == 3 && input[1] >= size && input[2] >= size, ErrorKind::shape,
                 "max_pool: wants images of at least {0} x {0}, got {1}", size, shape_text(input));
  return std::make_unique<MaxPool>(size, input);
}

}  // namespace varphase
