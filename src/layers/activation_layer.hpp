// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/kernels/layers/activation.hpp"
#include "src/layers/layer.hpp"

namespace varphase {

/// An elementwise non-linearity.
class ActivationLayer final : public Layer {
 public:
  ActivationLayer(Activation activation, std::string_view kind, double beta, const Shape& input)
      : activation_(activation), kind_(kind), beta_(beta), shape_(input) {}
  std::string_view kind() const override { return kind_; }
  Json options() const override;
  Shape output_shape() const override { return shape_; }
  at::Tensor forward(const at::Tensor& x, const Forward& how) override;

  Activation activation() const { return activation_; }
  double beta() const { return beta_; }
  bool piecewise_linear() const {
    return activation_ == Activation::relu || activation_ == Activation::abs ||
           activation_ == Activation::leaky_relu;
  }

 private:
  Activation activation_;
  std::string_view kind_;
  double beta_;
  Shape shape_;
};

/// phi(x) of any element type, differentiable twice.
at::Tensor activate(Activation activation, double beta, const at::Tensor& x);

}  // namespace varphase
