// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/variance/parameterization.hpp"

namespace varphase {

/// Theta is log sigma^2, one entry per weight.
class LogSigma2Theta : public Parameterization {
 public:
  std::string theta_name() const final { return "log_sigma2"; }
  Shape theta_shape(const Shape& weight) const final { return weight; }
  at::Tensor variance(const at::Tensor& mean, const at::Tensor& theta) const final;
  at::Tensor theta_of(const at::Tensor& mean, const at::Tensor& variance, const at::Tensor& mask,
                      const at::Tensor& theta) const final;
  void project(at::Tensor& theta) const final;

  static constexpr double kLeast = -60, kLargest = 20;
};

}  // namespace varphase
