// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/ops/max_pool2d.h>

#include "src/base/config.hpp"
#include "src/layers/layer.hpp"

namespace varphase {
namespace {

/// Largest value of each size x size window, windows side by side (stride = size), a remainder
/// dropped.
class MaxPool final : public Layer {
 public:
  MaxPool(std::int64_t size, const Shape& input) : size_(size), input_(input) {}
  std::string_view kind() const override { return "max_pool"; }
  Json options() const override { return size_; }
  Shape output_shape() const override { return {input_[0], input_[1] / size_, input_[2] / size_}; }
  at::Tensor forward(const at::Tensor& x, const Forward&) override {
    return at::max_pool2d(x, {size_, size_});
  }

 private:
  std::int64_t size_;
  Shape input_;
};

}  // namespace

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
