// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>

#include <ATen/ATen.h>

// Slow float64 references that share no code with the library: plain Torch, differentiable by
// autograd, integrals by quadrature.
namespace varphase::reference {

/// sigma^2 of each weight, by the name of the parameterization. docs/math.md, table of section
/// "Variance layers".
inline at::Tensor variance(const std::string& parameterization, const at::Tensor& mean,
                           const at::Tensor& theta) {
  if (parameterization == "additive" || parameterization == "zero_centred") return theta.exp();
  return theta.exp() * mean.pow(2);
}

/// log alpha of each weight; of zero_centred: undefined.
inline at::Tensor log_alpha(const std::string& parameterization, const at::Tensor& mean,
                            const at::Tensor& theta) {
  if (parameterization == "zero_centred") return {};
  if (parameterization == "additive")
    return at::clamp(theta - (mean.pow(2) + 1e-16).log(), -20, 20);
  return theta.expand_as(mean);
}

inline at::Tensor simpson(const at::Tensor& values, double step) {
  const std::int64_t n = values.size(-1);
  at::Tensor weights = at::full({n}, 2.0, at::kDouble);
  weights.slice(0, 1, n, 2).fill_(4);
  weights[0] = 1;
  weights[n - 1] = 1;
  return (values * weights).sum(-1) * (step / 3);
}

/// D = integral_0^1 (1 - exp(-u (1 - y^2))) / (1 - y^2) dy, u = 1 / (2 alpha): the definition
/// -log(alpha)/2 + E log|1 + sqrt(alpha) eps| + c_inf by Dawson's integral, inner integral done.
inline at::Tensor log_uniform_exact(const at::Tensor& log_alpha) {
  constexpr std::int64_t nodes = 8001;
  const at::Tensor y = at::linspace(0, 1, nodes, at::kDouble);
  const at::Tensor c = (1 - y) * (1 + y);
  const at::Tensor u = (log_alpha.neg().exp() * 0.5).unsqueeze(-1);
  // At y = 1 the quotient's limit is u.
  const at::Tensor inner =
      (u * c.narrow(0, 0, nodes - 1)).neg().expm1().neg() / c.narrow(0, 0, nodes - 1);
  return simpson(at::cat({inner, u}, -1), 1.0 / (nodes - 1));
}

inline at::Tensor log_uniform_approximation(const at::Tensor& log_alpha) {
  return 0.63576 - 0.63576 * at::sigmoid(1.87320 + 1.48695 * log_alpha) +
         0.5 * at::log1p(log_alpha.neg().exp());
}

/// log q / p averaged over w = mean + sd z, z on a grid; for nu that the grid resolves.
inline at::Tensor student_t(const at::Tensor& mean, const at::Tensor& variance, double nu) {
  constexpr std::int64_t nodes = 20001;
  const double width = 9, step = 2 * width / (nodes - 1);
  const at::Tensor z = at::linspace(-width, width, nodes, at::kDouble);
  const at::Tensor density = (z.pow(2) * -0.5).exp() / std::sqrt(2 * M_PI);
  const at::Tensor w = mean.unsqueeze(-1) + variance.sqrt().unsqueeze(-1) * z;
  const double log_normalizer =
      std::lgamma((nu + 1) / 2) - std::lgamma(nu / 2) - 0.5 * std::log(nu * M_PI);
  const at::Tensor log_p = (w.pow(2) / nu).log1p() * (-(nu + 1) / 2) + log_normalizer;
  const at::Tensor log_q =
      z.pow(2) * -0.5 - variance.log().unsqueeze(-1) * 0.5 - 0.5 * std::log(2 * M_PI);
  return simpson((log_q - log_p) * density, step);
}

}  // namespace varphase::reference
