// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/metrics.hpp"

#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(Metrics, MeetTheGoldenNumbers) {
  const Json& g = golden()["metrics"];
  const at::Tensor log_p =
      at::log_softmax(golden_tensor(g["logits"]), 2).exp().mean(0).log().to(test_device());
  const Metrics got = metrics(log_p, golden_tensor(g["y"]).to(at::kLong));
  EXPECT_NEAR(got.accuracy, g["accuracy"].get<double>(), tolerance::kDoubleOperation);
  EXPECT_NEAR(got.nll, g["nll"].get<double>(), tolerance::kDoubleSum);
  EXPECT_NEAR(got.brier, g["brier"].get<double>(), tolerance::kDoubleSum);
  EXPECT_NEAR(got.ece, g["ece"].get<double>(), tolerance::kDoubleSum);
  EXPECT_NEAR(got.entropy, g["mean_entropy"].get<double>(), tolerance::kDoubleSum);
}

}  // namespace
}  // namespace varphase
