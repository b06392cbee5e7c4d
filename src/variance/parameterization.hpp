// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "src/base/registry.hpp"

namespace varphase {

using Shape = std::vector<std::int64_t>;

/// How the variances of a layer's weights come from what is trained beside the means ("theta").
/// Source: docs/math.md, "Variance layers".
class Parameterization {
 public:
  virtual ~Parameterization() = default;
  virtual std::string_view name() const = 0;
  /// Name of theta in files: "log_alpha".
  virtual std::string theta_name() const = 0;
  virtual Shape theta_shape(const Shape& weight) const = 0;
  /// sigma^2 of each weight, shape of `mean`; differentiable in both.
  virtual at::Tensor variance(const at::Tensor& mean, const at::Tensor& theta) const = 0;
  /// log alpha as the KL term takes it, broadcastable to `mean`; each entry stands for
  /// mean.numel() / log_alpha.numel() weights.
  virtual at::Tensor log_alpha(const at::Tensor& mean, const at::Tensor& theta) const = 0;
  /// Brings theta back into its interval after an optimizer step, in place.
  virtual void project(at::Tensor& theta) const = 0;
};

using ParameterizationFactory = std::unique_ptr<Parameterization> (*)();
const Registry<ParameterizationFactory>& parameterizations();

std::unique_ptr<Parameterization> make_layer_wise();

}  // namespace varphase
