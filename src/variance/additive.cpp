// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/full.h>

#include "src/variance/log_alpha_theta.hpp"
#include "src/variance/log_sigma2_theta.hpp"

namespace varphase {
namespace {

constexpr double kLeastSquare = 1e-16;  // of a mean: log(mean^2) stays finite at zero

/// sigma2[j,i] = exp(log_sigma2[j,i]), beside a trained mean. Paper, eq. 20.
class Additive final : public LogSigma2Theta {
 public:
  std::string_view name() const override { return "additive"; }
  /// The variance that log_alpha gives to a weight of size `bound`.
  at::Tensor initial_theta(const Shape& weight, const InitialTheta& how) const override {
    return at::full(weight, how.log_sigma2.value_or(2 * std::log(how.bound) + how.log_alpha));
  }
  at::Tensor log_alpha(const at::Tensor& mean, const at::Tensor& theta) const override {
    return at::clamp(theta - (mean.square() + kLeastSquare).log(), -LogAlphaTheta::kLargest,
                     LogAlphaTheta::kLargest);
  }
};

}  // namespace

std::unique_ptr<Parameterization> make_additive() { return std::make_unique<Additive>(); }

}  // namespace varphase
