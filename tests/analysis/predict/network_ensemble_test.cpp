// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/network_ensemble.hpp"

#include <cmath>

#include "src/base/error.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

/// The golden members as networks.
std::vector<at::Tensor> golden_networks() {
  std::vector<at::Tensor> list;
  for (const at::Tensor& one :
       at::log_softmax(golden_tensor(golden()["metrics"]["logits"]), 2).unbind(0))
    list.push_back(one.contiguous().to(test_device()));
  return list;
}

TEST(NetworkEnsemble, MeetsTheGoldenNumbers) {
  const Json& g = golden()["metrics"];
  const at::Tensor labels = golden_tensor(g["y"]).to(at::kLong).to(test_device());
  const NetworkEnsemble got = score_networks(golden_networks(), labels);
  EXPECT_NEAR(got.metrics.accuracy, g["accuracy"].get<double>(), tolerance::kDoubleOperation);
  EXPECT_NEAR(got.metrics.nll, g["nll"].get<double>(), tolerance::kDoubleSum);
  EXPECT_NEAR(got.metrics.entropy, g["mean_entropy"].get<double>(), tolerance::kDoubleSum);
  // By hand, number by number.
  double own = 0;
  const std::vector<at::Tensor> networks = golden_networks();
  for (const at::Tensor& one : networks) {
    const at::Tensor host = one.to(at::kCPU).flatten();
    for (std::int64_t i = 0; i < host.numel(); ++i) {
      const auto log_p = host[i].item<double>();
      own -= std::exp(log_p) * log_p /
             static_cast<double>(networks.size() * static_cast<std::size_t>(labels.size(0)));
    }
  }
  EXPECT_NEAR(got.mutual_information, g["mean_entropy"].get<double>() - own, tolerance::kDoubleSum);
  EXPECT_GT(got.mutual_information, 1e-3);
}

TEST(NetworkEnsemble, AveragesProbabilitiesNotLogits) {
  const at::Tensor a = at::tensor({0.9, 0.1}, at::kDouble).reshape({1, 2}).log();
  const at::Tensor b = at::tensor({0.2, 0.8}, at::kDouble).reshape({1, 2}).log();
  const at::Tensor wanted = at::tensor({0.55, 0.45}, at::kDouble).reshape({1, 2});
  EXPECT_TRUE(close(mean_over_networks({a, b}).exp(), wanted, tolerance::kDoubleOperation));
  EXPECT_TRUE(close(mean_over_networks({a}), a, tolerance::kDoubleOperation));
}

TEST(NetworkEnsemble, WantsTheSameImages) {
  EXPECT_THROW(mean_over_networks({at::zeros({2, 3}), at::zeros({1, 3})}), Error);
  EXPECT_THROW(mean_over_networks({}), Error);
}

}  // namespace
}  // namespace varphase
