// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/layers/layer.hpp"

namespace varphase {

/// Mean of each size x size window, windows side by side (stride = size), a remainder dropped.
class AvgPool final : public Layer {
 public:
  AvgPool(std::int64_t size, const Shape& input) : size_(size), input_(input) {}
  std::string_view kind() const override { return "avg_pool"; }
  Json options() const override { return size_; }
  Shape output_shape() const override { return {input_[0], input_[1] / size_, input_[2] / size_}; }
  at::Tensor forward(const at::Tensor& x, const Forward& how) override;

  std::int64_t size() const { return size_; }
  const Shape& input_shape() const { return input_; }

 private:
  std::int64_t size_;
  Shape input_;
};

}  // namespace varphase
