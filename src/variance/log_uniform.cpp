// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/TensorOperators.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>

#include "src/variance/prior.hpp"

namespace varphase {
namespace {

constexpr double kK1 = 0.63576;
constexpr double kK2 = 1.87320;
constexpr double kK3 = 1.48695;

class LogUniformApproximation final : public Prior {
 public:
  std::string_view name() const override { return "log_uniform"; }
  bool allows(std::string_view) const override { return true; }
  at::Tensor kl(const Parameterization& parameterization, const at::Tensor& mean,
                const at::Tensor& theta) const override {
    const at::Tensor log_alpha = parameterization.log_alpha(mean, theta);
    const double weights_each =
        static_cast<double>(mean.numel()) / static_cast<double>(log_alpha.numel());
    return log_uniform_kl_approximation(log_alpha).sum() * weights_each;
  }
};

}  // namespace

at::Tensor log_uniform_kl_approximation(const at::Tensor& log_alpha) {
  // threshold: softplus(-la) is computed as it stands over the whole interval of log alpha.
  return at::sigmoid(log_alpha * -kK3 - kK2) * kK1 + at::softplus(-log_alpha, 1, 60) * 0.5;
}

std::unique_ptr<Prior> make_log_uniform_approximation() {
  return std::make_unique<LogUniformApproximation>();
}

const Registry<PriorFactory>& priors() {
  static const Registry<PriorFactory> table{"prior",
                                            {{"log_uniform", make_log_uniform_approximation}}};
  return table;
}

}  // namespace varphase
