// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/variance/prior.hpp"

namespace varphase {

/// The log-uniform prior p(w) = const / |w| (paper, eq. 4). Its KL depends on log alpha alone and is zero at alpha =
/// infinity, where zero-centred weights are. Each derived class computes it in its own way.
class LogUniform : public Prior {
 public:
  bool allows(std::string_view) const override { return true; }
  at::Tensor kl(const Parameterization& parameterization, const at::Tensor& mean,
                const at::Tensor& theta, const NormalDraw& draw,
                const at::Tensor& mask) const final;

 private:
  /// KL of one weight, elementwise.
  virtual at::Tensor of(const at::Tensor& log_alpha, const NormalDraw& draw) const = 0;
};

/// KL of one weight to the log-uniform prior by the sigmoid approximation (paper, eq. 10, sign as in docs/math.md), and
/// zero at alpha = infinity. Elementwise over log alpha.
at::Tensor log_uniform_kl_approximation(const at::Tensor& log_alpha);

/// The same exactly, by Dawson's function, with its gradient; float32 or float64.
at::Tensor log_uniform_kl_exact(const at::Tensor& log_alpha);

/// The KL estimated with one normal number eps per entry (paper, eq. 9), unbiased. Its gradient is that of the exact
/// KL, since the estimate's own gradient has no finite mean.
at::Tensor log_uniform_kl_sampled(const at::Tensor& log_alpha, const at::Tensor& eps);

}  // namespace varphase
