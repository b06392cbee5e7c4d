// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/log_alpha_theta.hpp"

namespace varphase {
namespace {

/// One log alpha for the whole layer: sigma2[j,i] = exp(log_alpha) * mean[j,i]^2. Paper, eqs. 5
/// and 17.
class LayerWise final : public LogAlphaTheta {
 public:
  std::string_view name() const override { return "layer"; }
  Shape theta_shape(const Shape&) const override { return {1}; }
};

}  // namespace

std::unique_ptr<Parameterization> make_layer_wise() { return std::make_unique<LayerWise>(); }

}  // namespace varphase
