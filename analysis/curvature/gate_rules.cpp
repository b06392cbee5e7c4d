// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/erfc.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros_like.h>

#include "analysis/curvature/rule.hpp"
#include "src/layers/activation_layer.hpp"
#include "src/layers/batch_norm.hpp"

namespace varphase {
namespace {

class BatchNormRule final : public GateRule {
 public:
  explicit BatchNormRule(const RuleSource& source) : GateRule(source.input) {
    // Of the statistics in the wider type: a float64 rule then is float64 throughout.
    const auto& norm = *source.layer.as_batch_norm();
    const BatchNorm::Affine affine =
        norm.affine(norm.running_mean().to(source.type), norm.running_var().to(source.type));
    Shape by_channel(source.input.size() + 1, 1);
    by_channel[1] = source.input[0];
    scale_ = affine.scale.detach().view(by_channel);
    shift_ = affine.shift.detach().view(by_channel);
  }
  at::Tensor forward(const at::Tensor& x) override { return x * scale_ + shift_; }
  void clear() override {}
  at::Tensor slope() const override { return scale_; }

 private:
  at::Tensor scale_, shift_;  // [1, C, 1...]
};

class ActivationRule final : public GateRule {
 public:
  explicit ActivationRule(const RuleSource& source) : GateRule(source.input) {
    const ElementwiseTraits phi = source.layer.traits().elementwise.value();
    activation_ = phi.activation;
    beta_ = phi.beta;
    if (source.smooth && piecewise_linear(activation_)) {
      VARPHASE_CHECK(activation_ != Activation::abs, ErrorKind::unsupported,
                     "{}: softplus does not approximate |x|\n  use --smooth none",
                     source.layer.name());
      activation_ = Activation::softplus;
      beta_ = source.beta;
    }
  }
  at::Tensor forward(const at::Tensor& x) override {
    x_ = x.detach();
    return activate(activation_, beta_, x);
  }
  void clear() override { x_ = at::Tensor(); }

  // The stable forms of activation_jet, by tensors.
  at::Tensor slope() const override {
    switch (activation_) {
      case Activation::identity:
        return {};
      case Activation::relu:
        return (x_ > 0).to(x_.scalar_type());
      case Activation::leaky_relu:
        return (x_ > 0).to(x_.scalar_type()).mul_(1 - kLeakySlope).add_(kLeakySlope);
      case Activation::abs:
        return x_.sign();
      case Activation::tanh:
        return 1 - at::tanh(x_).square();
      case Activation::sigmoid:
        return at::sigmoid(x_) * at::sigmoid(-x_);
      case Activation::softplus:
        return at::sigmoid(beta_ * x_);
      case Activation::silu:
        return at::sigmoid(x_) * (1 + x_ * at::sigmoid(-x_));
      case Activation::gelu:
        return cdf() + x_ * density();
    }
    return {};
  }
  at::Tensor second() const override {
    switch (activation_) {
      case Activation::identity:
      case Activation::relu:
      case Activation::leaky_relu:
      case Activation::abs:
        return {};
      case Activation::tanh: {
        const at::Tensor t = at::tanh(x_);
        return -2 * t * (1 - t.square());
      }
      case Activation::sigmoid: {
        const at::Tensor s = at::sigmoid(x_), n = at::sigmoid(-x_);
        return s * n * (n - s);
      }
      case Activation::softplus:
        return beta_ * at::sigmoid(beta_ * x_) * at::sigmoid(-beta_ * x_);
      case Activation::silu: {
        const at::Tensor s = at::sigmoid(x_), n = at::sigmoid(-x_);
        return s * n * (2 + x_ * (n - s));
      }
      case Activation::gelu:
        return (2 - x_.square()) * density();
    }
    return {};
  }

 private:
  at::Tensor density() const { return at::exp(-0.5 * x_.square()) * 0.39894228040143267794; }
  at::Tensor cdf() const { return 0.5 * at::erfc(x_ * -0.70710678118654752440); }

  Activation activation_ = Activation::identity;
  double beta_ = 1;
  at::Tensor x_;  // [N, input...]
};

class MaxPoolRule final : public GateRule {
 public:
  explicit MaxPoolRule(const RuleSource& source)
      : GateRule(source.input), size_(source.layer.traits().window) {}
  at::Tensor forward(const at::Tensor& x) override {
    // Contiguous: the winner of a tie is then the first by row, on every device.
    auto [y, winner] = at::max_pool2d_with_indices(x.contiguous(), {size_, size_});
    const at::NoGradGuard no_gradients;
    mask_ = at::zeros_like(x.detach(), at::MemoryFormat::Contiguous);
    mask_.flatten(2).scatter_(2, winner.flatten(2), 1);
    return y;
  }
  void clear() override { mask_ = at::Tensor(); }
  at::Tensor slope() const override { return mask_; }
  std::int64_t window() const override { return size_; }

 private:
  std::int64_t size_;
  at::Tensor mask_;  // [N, C, H, W]
};

/// Flatten, and dropout at its mean.
class IdentityRule final : public GateRule {
 public:
  explicit IdentityRule(const RuleSource& source)
      : GateRule(source.input), output_(source.layer.output_shape()) {}
  at::Tensor forward(const at::Tensor& x) override {
    Shape shape = output_;
    shape.insert(shape.begin(), x.size(0));
    return x.reshape(shape);
  }
  void clear() override {}

 private:
  Shape output_;
};

}  // namespace

std::unique_ptr<CurvatureRule> make_batch_norm_rule(const RuleSource& source) {
  return std::make_unique<BatchNormRule>(source);
}
std::unique_ptr<CurvatureRule> make_activation_rule(const RuleSource& source) {
  return std::make_unique<ActivationRule>(source);
}
std::unique_ptr<CurvatureRule> make_max_pool_rule(const RuleSource& source) {
  return std::make_unique<MaxPoolRule>(source);
}
std::unique_ptr<CurvatureRule> make_identity_rule(const RuleSource& source) {
  return std::make_unique<IdentityRule>(source);
}

}  // namespace varphase
