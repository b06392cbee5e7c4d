// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>

#include "src/variance/parameterization.hpp"

namespace varphase {
namespace {

constexpr double kLargestLogAlpha = 20;

/// One log alpha for the whole layer: sigma2[j,i] = exp(log_alpha) * mean[j,i]^2. Paper, eqs. 5
/// and 17.
class LayerWise final : public Parameterization {
 public:
  std::string_view name() const override { return "layer"; }
  std::string theta_name() const override { return "log_alpha"; }
  Shape theta_shape(const Shape&) const override { return {1}; }
  at::Tensor variance(const at::Tensor& mean, const at::Tensor& log_alpha) const override {
    return log_alpha.exp() * mean.square();
  }
  at::Tensor log_alpha(const at::Tensor&, const at::Tensor& theta) const override { return theta; }
  void project(at::Tensor& theta) const override {
    theta.clamp_(-kLargestLogAlpha, kLargestLogAlpha);
  }
};

}  // namespace

std::unique_ptr<Parameterization> make_layer_wise() { return std::make_unique<LayerWise>(); }

}  // namespace varphase
