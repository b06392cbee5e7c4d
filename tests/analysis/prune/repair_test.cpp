// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/repair.hpp"

#include "tests/analysis/prune/plain_network.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(OutputStatistics, OfChunksAreThoseOfTheWhole) {
  const Json& g = golden()["repair"];
  const at::Tensor m = golden_tensor(g["m"]), v = golden_tensor(g["v"]);
  OutputStatisticsSum sum;
  sum.add(m.narrow(0, 0, 1), v.narrow(0, 0, 1));
  sum.add(m.narrow(0, 1, 0), v.narrow(0, 1, 0));
  sum.add(m.narrow(0, 1, m.size(0) - 1), v.narrow(0, 1, m.size(0) - 1));
  EXPECT_TRUE(close(sum.result().mean, golden_tensor(g["bn_mean"]), tolerance::kDoubleSum));
  EXPECT_TRUE(close(sum.result().var, golden_tensor(g["bn_var"]), tolerance::kDoubleSum));
  EXPECT_THROW(OutputStatisticsSum().result(), Error);
}

TEST(OutputStatistics, KeepTheirDigitsFarFromZero) {
  at::manual_seed(1);
  const at::Tensor spread = at::randn({6, 3, 4, 5}, at::kDouble), m = spread * 1e-4 + 1e6;
  OutputStatisticsSum sum;
  sum.add(m.narrow(0, 0, 2), {});
  sum.add(m.narrow(0, 2, 4), {});
  const at::Tensor wanted = (m - 1e6).transpose(0, 1).reshape({3, -1}).var(1, false);
  // Means of 1e6 are good to 1e-10, a millionth of the spread; E m^2 - (E m)^2 would be off by 1e4.
  EXPECT_TRUE(close(sum.result().var, wanted, tolerance::kFloatGradient));
}

TEST(VarianceMatch, MeetsTheGoldenNumbers) {
  const Json& g = golden()["repair"];
  const at::Tensor variance = golden_tensor(golden()["kappa"]["sigma2"]),
                   mask = golden_tensor(g["keep"]);
  const at::Tensor match =
      variance_match(variance, mask, golden_tensor(golden()["kappa"]["mean_a2"]));
  EXPECT_TRUE(close(match.flatten(), golden_tensor(g["rescale"]), tolerance::kDoubleSum));
  EXPECT_TRUE(
      close(variance * mask * match, golden_tensor(g["sigma2_rescaled"]), tolerance::kDoubleSum));
  // What a thousandth of a thousandth is left of is not blown up without end.
  const at::Tensor tiny = at::tensor({1.0, 1e-9}, at::kDouble).reshape({1, 2});
  EXPECT_EQ(variance_match(tiny, at::tensor({0.0, 1.0}).reshape({1, 2}), at::ones({2}, at::kDouble))
                .item<double>(),
            1e4);
}

TEST(Reestimation, FollowsTheNetworkWithItsOwnNoise) {
  PlainNetwork plain;
  const DeviceImages images = plain_images();
  SampledInputs passes(plain.network, images, 9);
  reestimate_batch_norms(plain.network, 0, passes);
  // The same in float64, image by image of noise drawn one by one.
  const NoiseKey key{9, Stream::reestimation, 0, 0};
  const auto [m1, v1] = plain.conv1(plain_pixels());
  const auto over = [](const at::Tensor& m, const at::Tensor& v) {
    const at::Tensor x = m.transpose(0, 1).reshape({m.size(1), -1});
    return OutputStatistics{x.mean(1),
                            x.var(1, false) + v.transpose(0, 1).reshape({v.size(1), -1}).mean(1)};
  };
  const OutputStatistics first = over(m1, v1);
  plain.statistics[0] = {first.mean, first.var};
  const at::Tensor a = plain.behind_norm(0, m1 + noise_like(m1, key, 0, 0) * (v1 + 1e-16).sqrt());
  const auto [m2, v2] = plain.dense1(a);
  const OutputStatistics second = over(m2, v2);
  plain.statistics[1] = {second.mean, second.var};
  const at::Tensor b2 = m2 + noise_like(m2, key, 3, 0) * (v2 + 1e-16).sqrt();
  const at::Tensor b3 = plain.dense2(plain.behind_norm(1, b2));
  const OutputStatistics third = over(b3, at::zeros_like(b3));
  for (const auto& [name, statistics] :
       {std::pair<const char*, OutputStatistics>{"batch_norm1", first},
        {"batch_norm2", second},
        {"batch_norm3", third}}) {
    const auto& norm =
        dynamic_cast<const BatchNorm&>(*plain.network.layers()[plain.network.position(name)]);
    EXPECT_TRUE(close(norm.running_mean(), statistics.mean, tolerance::kFloatNetwork)) << name;
    EXPECT_TRUE(close(norm.running_var(), statistics.var, tolerance::kFloatNetwork)) << name;
  }
}

TEST(Reestimation, LeavesTheNormsBeforeAloneAndWantsOneBehind) {
  PlainNetwork plain;
  const DeviceImages images = plain_images();
  SampledInputs passes(plain.network, images, 9);
  const auto& norm = dynamic_cast<const BatchNorm&>(*plain.network.layers()[1]);
  const at::Tensor before = norm.running_mean().clone();
  reestimate_batch_norms(plain.network, 3, passes);
  EXPECT_TRUE(at::equal(norm.running_mean(), before));
  EXPECT_THROW(reestimate_batch_norms(plain.network, 8, passes), Error);
}

TEST(SampledInputs, MeanSquareIsThatOfEveryPlaceTheWeightMeets) {
  PlainNetwork plain;
  const DeviceImages images = plain_images();
  SampledInputs passes(plain.network, images, 9);
  // Convolution: unfolded with its padding.
  const at::Tensor columns =
      at::im2col(plain_pixels().square(), {3, 3}, {1, 1}, {1, 1}, {1, 1});  // [N, C * 9, positions]
  const at::Tensor wanted = columns.mean(at::IntArrayRef{0, 2}).reshape({2, 3, 3});
  EXPECT_TRUE(close(passes.mean_square(0), wanted, tolerance::kFloatSteps));
  // Dense behind noise: one draw an image.
  const auto [m, v] = plain.conv1(plain_pixels());
  const NoiseKey key{9, Stream::reestimation, 0, 0};
  const at::Tensor a =
      plain.behind_norm(0, m + noise_like(m, key, 0, 0) * (v + 1e-16).sqrt()).flatten(1);
  EXPECT_TRUE(close(passes.mean_square(3), a.square().mean(0), tolerance::kFloatGradient));
}

TEST(SampledInputs, KeepsWhatComesBeforeTheNoise) {
  Network network(Json::parse(
      R"({"input":[2,5,5],"classes":3,"layers":[{"conv2d":{"out":4}},"relu",{"variance_dense":{"out":6}},"relu",{"variance_dense":{"out":3}}]})"));
  network.initialize(3);
  network.to(test_device());
  const DeviceImages images = plain_images();
  SampledInputs passes(network, images, 9);
  const at::Tensor once = passes.mean_square(2), again = passes.mean_square(2);
  EXPECT_TRUE(at::equal(once, again));
  const at::NoGradGuard no_gradients;
  const at::Tensor x = slice_batch(images, 0, images.count()).images;
  const at::Tensor direct =
      network.forward_range(x, Forward{}, 0, 2).flatten(1).to(at::kDouble).square().mean(0);
  EXPECT_TRUE(close(once, direct, tolerance::kFloatSteps));
  EXPECT_THROW(passes.mean_square(0), Error);
}

TEST(Repair, NamesAndWhatTheyMend) {
  EXPECT_TRUE(mends_batch_norm(repair_from_name("both")));
  EXPECT_TRUE(mends_variance(repair_from_name("both")));
  EXPECT_FALSE(mends_variance(repair_from_name("batch-norm")));
  EXPECT_FALSE(mends_batch_norm(repair_from_name("variance")));
  for (const char* name : {"none", "batch-norm", "variance", "both"})
    EXPECT_EQ(repair_name(repair_from_name(name)), name);
  EXPECT_THROW(repair_from_name("bn"), Error);
}

TEST(Repair, MeetsTheGoldenStatistics) {
  const Json& g = golden()["repair"];
  const OutputStatistics got = output_statistics(golden_tensor(g["m"]), golden_tensor(g["v"]));
  EXPECT_TRUE(close(got.mean, golden_tensor(g["bn_mean"]), tolerance::kDoubleSum));
  EXPECT_TRUE(close(got.var, golden_tensor(g["bn_var"]), tolerance::kDoubleSum));
}

}  // namespace
}  // namespace varphase
