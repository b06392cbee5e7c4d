// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/theta.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/full.h>

namespace varphase {

at::Tensor LogAlphaTheta::initial_theta(const Shape& weight, const InitialTheta& how) const {
  return at::full(theta_shape(weight), how.log_alpha);
}

at::Tensor LogAlphaTheta::variance(const at::Tensor& mean, const at::Tensor& theta) const {
  return theta.exp() * mean.square();
}

at::Tensor LogAlphaTheta::log_alpha(const at::Tensor&, const at::Tensor& theta) const {
  return theta;
}

void LogAlphaTheta::project(at::Tensor& theta) const { theta.clamp_(-kLargest, kLargest); }

at::Tensor LogSigma2Theta::variance(const at::Tensor&, const at::Tensor& theta) const {
  return theta.exp();
}

void LogSigma2Theta::project(at::Tensor& theta) const { theta.clamp_(kLeast, kLargest); }

}  // namespace varphase
