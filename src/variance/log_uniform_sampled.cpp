// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp_min.h>

#include "src/variance/log_uniform.hpp"

namespace varphase {
namespace {

constexpr double kAtInfinity = 0.6351814227307391;  // (Euler's gamma + log 2) / 2
// |1 + sqrt(alpha) eps| in float32 is 0 once in some ten million draws: its log must stay finite.
constexpr double kLeastFactor = 1e-8;

class LogUniformSampled final : public LogUniform {
 public:
  std::string_view name() const override { return "log_uniform_sampled"; }
  /// A zero-centred weight's KL is a constant: there is nothing to estimate.
  bool allows(std::string_view parameterization) const override {
    return parameterization != "zero_centred";
  }

 private:
  at::Tensor of(const at::Tensor& log_alpha, const NormalDraw& draw) const override {
    if (!draw) return log_uniform_kl_exact(log_alpha);
    return log_uniform_kl_sampled(log_alpha, draw(log_alpha).to(log_alpha.scalar_type()));
  }
};

}  // namespace

at::Tensor log_uniform_kl_sampled(const at::Tensor& log_alpha, const at::Tensor& eps) {
  const at::Tensor exact = log_uniform_kl_exact(log_alpha);
  const at::Tensor la = log_alpha.detach();
  const at::Tensor factor = ((la * 0.5).exp() * eps + 1).abs();
  const at::Tensor value = factor.clamp_min(kLeastFactor).log() - la * 0.5 + kAtInfinity;
  return exact + (value - exact.detach());
}

std::unique_ptr<Prior> make_log_uniform_sampled(const PriorOptions&) {
  return std::make_unique<LogUniformSampled>();
}

}  // namespace varphase
