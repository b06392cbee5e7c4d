// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/variance/parameterization.hpp"

namespace varphase {

/// Theta is log alpha: sigma^2 = exp(log_alpha) * mean^2. Each derived class says how many weights share one entry.
class LogAlphaTheta : public Parameterization {
 public:
  std::string theta_name() const final { return "log_alpha"; }
  at::Tensor initial_theta(const Shape& weight, const InitialTheta& how) const final;
  at::Tensor variance(const at::Tensor& mean, const at::Tensor& theta) const final;
  at::Tensor log_alpha(const at::Tensor& mean, const at::Tensor& theta) const final;
  at::Tensor theta_of(const at::Tensor& mean, const at::Tensor& variance, const at::Tensor& mask,
                      const at::Tensor& theta) const final;
  void project(at::Tensor& theta) const final;

  static constexpr double kLargest = 20;  // |log alpha|
};

}  // namespace varphase
