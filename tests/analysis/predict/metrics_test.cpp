// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/metrics.hpp"

#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"

namespace varphase {
namespace {

TEST(Metrics, MeetTheGoldenNumbers) {
  const Json& g = golden()["metrics"];
  const at::Tensor log_p =
      at::log_softmax(golden_tensor(g["logits"]), 2).exp().mean(0).log().to(test_device());
  const Metrics got = metrics(log_p, golden_tensor(g["y"]).to(at::kLong));
  EXPECT_NEAR(got.accuracy, g["accuracy"].get<double>(), 1e-15);
  EXPECT_NEAR(got.nll, g["nll"].get<double>(), 1e-12);
  EXPECT_NEAR(got.brier, g["brier"].get<double>(), 1e-12);
  EXPECT_NEAR(got.ece, g["ece"].get<double>(), 1e-12);
  EXPECT_NEAR(got.entropy, g["mean_entropy"].get<double>(), 1e-12);
}

}  // namespace
}  // namespace varphase
