// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/activation_layer.hpp"

#include <ATen/ops/gelu.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh.h>

#include "src/layers/layer.hpp"

namespace varphase {
namespace {

/// An elementwise non-linearity.
class ActivationLayer final : public Layer {
 public:
  ActivationLayer(Activation activation, std::string_view kind, double beta, const Shape& input)
      : activation_(activation), kind_(kind), beta_(beta), shape_(input) {}
  std::string_view kind() const override { return kind_; }
  Json options() const override {
    if (activation_ == Activation::softplus && beta_ != 1.0) return beta_;
    return nullptr;
  }
  Shape output_shape() const override { return shape_; }
  LayerTraits traits() const override {
    LayerTraits traits;
    traits.by_channel = true;
    traits.elementwise = {activation_, beta_};
    return traits;
  }
  at::Tensor forward(const at::Tensor& x, const Forward&) override {
    return activate(activation_, beta_, x);
  }

 private:
  Activation activation_;
  std::string_view kind_;
  double beta_;
  Shape shape_;
};

std::unique_ptr<Layer> plain(Activation activation, std::string_view kind, const Json& options,
                             const Shape& input) {
  VARPHASE_CHECK(options.is_null() || options.empty(), ErrorKind::usage,
                 "{}: takes no options, got {}", kind, brief(options));
  return std::make_unique<ActivationLayer>(activation, kind, 1.0, input);
}

}  // namespace

bool piecewise_linear(Activation activation) {
  return activation == Activation::relu || activation == Activation::abs ||
         activation == Activation::leaky_relu;
}

at::Tensor activate(Activation activation, double beta, const at::Tensor& x) {
  switch (activation) {
    case Activation::identity:
      return x;
    case Activation::relu:
      return at::relu(x);
    case Activation::leaky_relu:
      return at::leaky_relu(x, kLeakySlope);
    case Activation::abs:
      return x.abs();
    case Activation::tanh:
      return at::tanh(x);
    case Activation::sigmoid:
      return at::sigmoid(x);
    case Activation::softplus:
      // Torch turns linear above the threshold; 40 is beyond float64's resolution of the tail
      // there.
      return at::softplus(x, beta, 40);
    case Activation::silu:
      return at::silu(x);
    case Activation::gelu:
      return at::gelu(x);
  }
  return x;
}

std::unique_ptr<Layer> make_relu(const Json& options, const Shape& input) {
  return plain(Activation::relu, "relu", options, input);
}
std::unique_ptr<Layer> make_leaky_relu(const Json& options, const Shape& input) {
  return plain(Activation::leaky_relu, "leaky_relu", options, input);
}
std::unique_ptr<Layer> make_tanh(const Json& options, const Shape& input) {
  return plain(Activation::tanh, "tanh", options, input);
}
std::unique_ptr<Layer> make_sigmoid(const Json& options, const Shape& input) {
  return plain(Activation::sigmoid, "sigmoid", options, input);
}
std::unique_ptr<Layer> make_silu(const Json& options, const Shape& input) {
  return plain(Activation::silu, "silu", options, input);
}
std::unique_ptr<Layer> make_gelu(const Json& options, const Shape& input) {
  return plain(Activation::gelu, "gelu", options, input);
}
std::unique_ptr<Layer> make_abs(const Json& options, const Shape& input) {
  return plain(Activation::abs, "abs", options, input);
}

std::unique_ptr<Layer> make_softplus(const Json& options, const Shape& input) {
  const bool plain_form = options.is_null() || (options.is_object() && options.empty());
  VARPHASE_CHECK(plain_form || (options.is_number() && options.get<double>() > 0), ErrorKind::usage,
                 "softplus: wants its sharpness beta > 0, {{\"softplus\": 2}}, or nothing, got {}",
                 brief(options));
  return std::make_unique<ActivationLayer>(Activation::softplus, "softplus",
                                           plain_form ? 1.0 : options.get<double>(), input);
}

}  // namespace varphase
