// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/ops/avg_pool2d.h>

#include "src/layers/pool_window.hpp"

namespace varphase {
namespace {

/// Mean of each size x size window, windows side by side (stride = size), a remainder dropped.
class AvgPool final : public Layer {
 public:
  AvgPool(std::int64_t size, const Shape& input) : size_(size), input_(input) {}
  std::string_view kind() const override { return "avg_pool"; }
  Json options() const override { return size_; }
  Shape output_shape() const override { return {input_[0], input_[1] / size_, input_[2] / size_}; }
  LayerTraits traits() const override {
    LayerTraits traits;
    traits.by_channel = true;
    traits.pool = LayerTraits::Pool::mean;
    traits.window = size_;
    return traits;
  }
  at::Tensor forward(const at::Tensor& x, const Forward&) override {
    return at::avg_pool2d(x, {size_, size_});
  }

 private:
  std::int64_t size_;
  Shape input_;
};

}  // namespace

std::unique_ptr<Layer> make_avg_pool(const Json& options, const Shape& input) {
  return std::make_unique<AvgPool>(pool_window("avg_pool", options, input), input);
}

}  // namespace varphase
