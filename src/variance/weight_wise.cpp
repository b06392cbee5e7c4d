// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/log_alpha_theta.hpp"

namespace varphase {
namespace {

/// One log alpha for each weight: sigma2[j,i] = exp(log_alpha[j,i]) * mean[j,i]^2. Paper, eq. 19.
class WeightWise final : public LogAlphaTheta {
 public:
  std::string_view name() const override { return "weight"; }
  Shape theta_shape(const Shape& weight) const override { return weight; }
};

}  // namespace

std::unique_ptr<Parameterization> make_weight_wise() { return std::make_unique<WeightWise>(); }

}  // namespace varphase
