// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>

#include "src/variance/log_sigma2_theta.hpp"
#include "src/variance/uniform_tensor.hpp"

namespace varphase {
namespace {

constexpr std::uint32_t kThetaMember = 2;  // 0 is drawn for means, 1 for biases
constexpr double kLeastInitialVariance = 1e-12;

/// sigma2[j,i] = exp(log_sigma2[j,i]) and no mean. Paper, eqs. 12 and 13.
class ZeroCentred final : public LogSigma2Theta {
 public:
  std::string_view name() const override { return "zero_centred"; }
  bool has_mean() const override { return false; }
  /// log u^2 with u of uniform(-bound, bound).
  at::Tensor initial_theta(const Shape& weight, const InitialTheta& how) const override {
    if (how.log_sigma2) return at::full(weight, *how.log_sigma2);
    return uniform_tensor(weight, how.bound, how.key, kThetaMember)
        .square()
        .clamp_min(kLeastInitialVariance)
        .log();
  }
  at::Tensor log_alpha(const at::Tensor&, const at::Tensor&) const override { return {}; }
};

}  // namespace

std::unique_ptr<Parameterization> make_zero_centred() { return std::make_unique<ZeroCentred>(); }

}  // namespace varphase
