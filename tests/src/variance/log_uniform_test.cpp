// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/variance/log_uniform.hpp"

#include <cmath>

#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(LogUniform, MeetsTheGoldenApproximationAndItsGradient) {
  for (const Json& row : golden()["kl"]["rows"]) {
    at::Tensor log_alpha =
        at::tensor({row["log_alpha"].get<double>()}, at::kDouble).set_requires_grad(true);
    const at::Tensor kl = log_uniform_kl_approximation(log_alpha);
    kl.backward();
    const double value = row["approx"].get<double>();
    const double slope = row["d_approx"].get<double>();
    EXPECT_NEAR(kl.item<double>(), value, tolerance::kDoubleFormula * std::abs(value))
        << row.dump();
    EXPECT_NEAR(log_alpha.grad().item<double>(), slope, tolerance::kDoubleFormula * std::abs(slope))
        << row.dump();
  }
}

TEST(LayerWise, MeetsTheGoldenMomentsAndKl) {
  const Json& dense = golden()["dense"];
  const Json& row = dense["cases"]["layer"];
  const auto layer = make_layer_wise();
  const at::Tensor mean = golden_tensor(dense["mu"]);
  const at::Tensor theta = golden_tensor(row["theta"]);
  const at::Tensor variance = layer->variance(mean, theta);
  EXPECT_TRUE(close(variance, golden_tensor(row["sigma2"]), tolerance::kDoubleFormula));
  const at::Tensor a = golden_tensor(dense["a"]);
  EXPECT_TRUE(close(at::linear(a, mean, golden_tensor(dense["bias"])), golden_tensor(row["m"]),
                    tolerance::kDoubleFormula));
  EXPECT_TRUE(
      close(at::linear(a.square(), variance), golden_tensor(row["v"]), tolerance::kDoubleFormula));
  const double kl = make_log_uniform_approximation()->kl(*layer, mean, theta).item<double>();
  EXPECT_NEAR(kl, row["kl_approx"].get<double>(), tolerance::kDoubleSum);
}

}  // namespace
}  // namespace varphase
