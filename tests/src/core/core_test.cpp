// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include "src/layers/sampling.hpp"
#include "src/models/network.hpp"
#include "src/noise/normal_fill.hpp"
#include "src/torch/device_images.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/train/trainer.hpp"
#include "src/variance/log_uniform.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"

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
    EXPECT_NEAR(kl.item<double>(), value, 1e-13 * std::abs(value)) << row.dump();
    EXPECT_NEAR(log_alpha.grad().item<double>(), slope, 1e-13 * std::abs(slope)) << row.dump();
  }
}

TEST(LayerWise, MeetsTheGoldenMomentsAndKl) {
  const Json& dense = golden()["dense"];
  const Json& row = dense["cases"]["layer"];
  const auto layer = make_layer_wise();
  const at::Tensor mean = golden_tensor(dense["mu"]);
  const at::Tensor theta = golden_tensor(row["theta"]);
  const at::Tensor variance = layer->variance(mean, theta);
  EXPECT_TRUE(close(variance, golden_tensor(row["sigma2"]), 1e-13));
  const at::Tensor a = golden_tensor(dense["a"]);
  EXPECT_TRUE(
      close(at::linear(a, mean, golden_tensor(dense["bias"])), golden_tensor(row["m"]), 1e-13));
  EXPECT_TRUE(close(at::linear(a.square(), variance), golden_tensor(row["v"]), 1e-13));
  const double kl = make_log_uniform_approximation()->kl(*layer, mean, theta).item<double>();
  EXPECT_NEAR(kl, row["kl_approx"].get<double>(), 1e-12);
}

Forward sampled(std::int64_t rows, std::int64_t member) {
  return {Mode::sampled,
          false,
          {9, Stream::test, 0, 0},
          at::arange(rows, at::kLong) + 100,
          at::full({1}, member, at::kLong)};
}

TEST(SampleOutput, IsMeanPlusNoiseTimesDeviationWithTheHandGradient) {
  at::manual_seed(1);
  const at::Tensor m = at::randn({5, 7}).set_requires_grad(true);
  const at::Tensor v = (at::rand({5, 7}) + 0.1)
                           .index_fill(1, at::tensor({std::int64_t{2}}, at::kLong), 0)
                           .set_requires_grad(true);
  const at::Tensor b = sample_output(m, v, sampled(5, 3), 4);
  at::Tensor eps = at::empty({5, 7});
  for (std::int64_t n = 0; n < 5; ++n) {
    fill_normals({9, Stream::test, 4, 0}, static_cast<std::uint32_t>(100 + n), 3, 7,
                 eps[n].data_ptr<float>());
  }
  EXPECT_TRUE(close(b, m + eps * (v + 1e-16).sqrt(), 1e-6));
  const at::Tensor g = at::randn({5, 7});
  b.backward(g);
  EXPECT_TRUE(close(m.grad(), g, 1e-7));
  const at::Tensor wanted = at::where(v > 0, g * eps / (2 * (v + 1e-16).sqrt()), 0.0);
  EXPECT_TRUE(close(v.grad(), wanted, 1e-5));
}

TEST(SampleOutput, DoesNotDependOnTheBatch) {
  at::manual_seed(1);
  const at::Tensor m = at::randn({6, 500});
  const at::Tensor v = at::rand({6, 500});
  const at::Tensor all = sample_output(m, v, sampled(6, 0), 1);
  for (std::int64_t n = 0; n < 6; ++n) {
    Forward one = sampled(6, 0);
    one.example = one.example.narrow(0, n, 1).contiguous();
    EXPECT_TRUE(at::equal(sample_output(m.narrow(0, n, 1), v.narrow(0, n, 1), one, 1)[0], all[n]));
  }
}

Json small_spec() {
  return Json::parse(R"({"input": [1, 8, 8], "classes": 3, "layers": [
    {"conv2d": {"out": 4, "kernel": 3}}, "batch_norm", "relu", {"max_pool": 2},
    {"variance_dense": {"out": 6}}, "batch_norm", "softplus", {"dense": {"out": 3}}]})");
}

TEST(Network, NamesTheLayerWhoseShapesDoNotMeet) {
  Json spec = small_spec();
  spec["layers"][3] = {{"max_pool", 20}};
  try {
    Network network(spec);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("layer 4 of 8: max_pool"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace varphase
