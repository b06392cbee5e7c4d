// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "src/base/registry.hpp"
#include "src/variance/parameterization.hpp"

namespace varphase {

/// The prior over a layer's weights, as the KL divergence from it in nats. Source: docs/math.md,
/// "KL to the prior".
class Prior {
 public:
  virtual ~Prior() = default;
  virtual std::string_view name() const = 0;
  virtual bool allows(std::string_view parameterization) const = 0;
  /// Sum over all weights, a 0-d tensor, differentiable in mean and theta.
  virtual at::Tensor kl(const Parameterization& parameterization, const at::Tensor& mean,
                        const at::Tensor& theta) const = 0;
};

using PriorFactory = std::unique_ptr<Prior> (*)();
const Registry<PriorFactory>& priors();

/// KL of one weight to the log-uniform prior by the sigmoid approximation (paper, eq. 10, sign as
/// in docs/math.md), and zero at alpha = infinity. Elementwise over log alpha.
at::Tensor log_uniform_kl_approximation(const at::Tensor& log_alpha);

std::unique_ptr<Prior> make_log_uniform_approximation();

}  // namespace varphase
