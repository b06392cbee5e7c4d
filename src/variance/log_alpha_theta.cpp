// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/log_alpha_theta.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>

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

at::Tensor LogAlphaTheta::theta_of(const at::Tensor& mean, const at::Tensor& variance,
                                   const at::Tensor& mask, const at::Tensor& theta) const {
  // alpha is the ratio of the sums: the largest weights, whose squares round least, decide.
  const auto total = [&](const at::Tensor& values) {
    return at::where(mask, values, 0).to(at::kDouble).sum_to_size(theta.sizes());
  };
  const at::Tensor variances = total(variance), squares = total(mean.square());
  const at::Tensor known = variances.gt(0).logical_and(squares.gt(0));
  return at::where(known, (variances / squares).log(), theta.to(at::kDouble))
      .clamp(-kLargest, kLargest)
      .to(theta.scalar_type());
}

void LogAlphaTheta::project(at::Tensor& theta) const { theta.clamp_(-kLargest, kLargest); }

}  // namespace varphase
