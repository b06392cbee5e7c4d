// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/log_sigma2_theta.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/where.h>

namespace varphase {

at::Tensor LogSigma2Theta::variance(const at::Tensor&, const at::Tensor& theta) const {
  return theta.exp();
}

at::Tensor LogSigma2Theta::theta_of(const at::Tensor&, const at::Tensor& variance,
                                    const at::Tensor& mask, const at::Tensor& theta) const {
  const at::Tensor known = variance.to(at::kDouble).log().clamp(kLeast, kLargest);
  return at::where(mask, known.to(theta.scalar_type()), theta);
}

void LogSigma2Theta::project(at::Tensor& theta) const { theta.clamp_(kLeast, kLargest); }

}  // namespace varphase
