// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/log_alpha_theta.hpp"

namespace varphase {
namespace {

/// One log alpha for each output unit or channel: sigma2[j,i] = exp(log_alpha[j]) * mean[j,i]^2.
/// Paper, eq. 18.
class NeuronWise final : public LogAlphaTheta {
 public:
  std::string_view name() const override { return "neuron"; }
  Shape theta_shape(const Shape& weight) const override {
    Shape shape(weight.size(), 1);
    shape[0] = weight[0];
    return shape;
  }
};

}  // namespace

std::unique_ptr<Parameterization> make_neuron_wise() { return std::make_unique<NeuronWise>(); }

}  // namespace varphase
