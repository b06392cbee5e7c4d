// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "src/base/registry.hpp"
#include "src/variance/parameterization.hpp"

namespace varphase {

/// Makes standard normal numbers in the shape of `like`, float32, on its device.
using NormalDraw = std::function<at::Tensor(const at::Tensor& like)>;

/// The prior over a layer's weights, as the KL divergence from it in nats. Source: docs/math.md, "KL to the prior".
class Prior {
 public:
  virtual ~Prior() = default;
  virtual std::string_view name() const = 0;
  virtual bool allows(std::string_view parameterization) const = 0;
  /// The sum of the KL over all weights, a 0-d tensor, differentiable in mean and theta.
  /// @param draw  noise for a prior whose KL is estimated by samples; none: its expectation is taken
  /// @param mask  bool, shape of `mean`: the weights that count; undefined: all
  virtual at::Tensor kl(const Parameterization& parameterization, const at::Tensor& mean,
                        const at::Tensor& theta, const NormalDraw& draw = {},
                        const at::Tensor& mask = {}) const = 0;
};

struct PriorOptions {
  double nu = 1e-16;  // degrees of freedom of student_t
};

using PriorFactory = std::unique_ptr<Prior> (*)(const PriorOptions&);
const Registry<PriorFactory>& priors();

/// The names of the parameterizations that a prior allows: "layer, neuron".
std::string allowed_parameterizations(const Prior& prior);

std::unique_ptr<Prior> make_log_uniform_approximation(const PriorOptions& options = {});
std::unique_ptr<Prior> make_log_uniform_exact(const PriorOptions& options = {});
std::unique_ptr<Prior> make_log_uniform_sampled(const PriorOptions& options = {});
std::unique_ptr<Prior> make_student_t(const PriorOptions& options = {});

}  // namespace varphase
