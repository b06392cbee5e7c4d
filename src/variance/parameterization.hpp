// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "src/base/registry.hpp"
#include "src/noise/noise_key.hpp"
#include "src/torch/shape.hpp"

namespace varphase {

/// The initial values of means and theta. Source: docs/math.md, "Variance layers".
struct InitialTheta {
  double bound = 1;                  // k = 1 / sqrt(fan_in): means are drawn from uniform(-k, k)
  double log_alpha = -5;             // natural log
  std::optional<double> log_sigma2;  // one for all weights, where theta is log sigma^2
  NoiseKey key;                      // of the random numbers
};

/// How the variances of a layer's weights are computed from theta, the numbers that are trained beside the means.
/// Source: docs/math.md, "Variance layers".
class Parameterization {
 public:
  virtual ~Parameterization() = default;
  virtual std::string_view name() const = 0;
  /// Name of theta in files: "log_alpha" or "log_sigma2".
  virtual std::string theta_name() const = 0;
  virtual Shape theta_shape(const Shape& weight) const = 0;
  /// Whether means are trained; else they are zero.
  virtual bool has_mean() const { return true; }
  virtual at::Tensor initial_theta(const Shape& weight, const InitialTheta& how) const = 0;
  /// sigma^2 of each weight, in the shape of `mean`; differentiable in both arguments.
  virtual at::Tensor variance(const at::Tensor& mean, const at::Tensor& theta) const = 0;
  /// log alpha for the KL term, in a shape that broadcasts to `mean`: each entry stands for mean.numel() /
  /// log_alpha.numel() weights. Undefined for layers without means, whose alpha is infinite.
  virtual at::Tensor log_alpha(const at::Tensor& mean, const at::Tensor& theta) const = 0;
  /// The theta whose variance() comes nearest to these variances. Entries that stand for no kept weight stay as they
  /// are in `theta`.
  /// @param mask  bool, shape of `mean`: the kept weights
  virtual at::Tensor theta_of(const at::Tensor& mean, const at::Tensor& variance,
                              const at::Tensor& mask, const at::Tensor& theta) const = 0;
  /// Brings theta back into its interval after an optimizer step, in place.
  virtual void project(at::Tensor& theta) const = 0;
};

using ParameterizationFactory = std::unique_ptr<Parameterization> (*)();
const Registry<ParameterizationFactory>& parameterizations();

std::unique_ptr<Parameterization> make_layer_wise();
std::unique_ptr<Parameterization> make_neuron_wise();
std::unique_ptr<Parameterization> make_weight_wise();
std::unique_ptr<Parameterization> make_additive();
std::unique_ptr<Parameterization> make_zero_centred();

}  // namespace varphase
