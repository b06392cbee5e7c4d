// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/log_uniform.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/zeros.h>

namespace varphase {
namespace {

constexpr double kK1 = 0.63576;
constexpr double kK2 = 1.87320;
constexpr double kK3 = 1.48695;

class LogUniformApproximation final : public LogUniform {
 public:
  std::string_view name() const override { return "log_uniform"; }

 private:
  at::Tensor of(const at::Tensor& log_alpha, const NormalDraw&) const override {
    return log_uniform_kl_approximation(log_alpha);
  }
};

}  // namespace

at::Tensor LogUniform::kl(const Parameterization& parameterization, const at::Tensor& mean,
                          const at::Tensor& theta, const NormalDraw& draw,
                          const at::Tensor& mask) const {
  const at::Tensor log_alpha = parameterization.log_alpha(mean, theta);
  if (!log_alpha.defined()) return at::zeros({}, theta.options().requires_grad(false));
  if (mask.defined()) {
    // Counted in whole numbers: a float32 sum of ones ends at 2^24.
    const at::Tensor kept_each = mask.to(at::kLong).sum_to_size(log_alpha.sizes());
    return (of(log_alpha, draw) * kept_each.to(log_alpha.scalar_type())).sum();
  }
  const double weights_each =
      static_cast<double>(mean.numel()) / static_cast<double>(log_alpha.numel());
  return of(log_alpha, draw).sum() * weights_each;
}

at::Tensor log_uniform_kl_approximation(const at::Tensor& log_alpha) {
  // threshold: softplus(-la) is computed as it stands over the whole interval of log alpha.
  return at::sigmoid(log_alpha * -kK3 - kK2) * kK1 + at::softplus(-log_alpha, 1, 60) * 0.5;
}

std::unique_ptr<Prior> make_log_uniform_approximation(const PriorOptions&) {
  return std::make_unique<LogUniformApproximation>();
}

}  // namespace varphase
