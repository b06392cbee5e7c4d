// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/cuts.hpp"

#include <cmath>

#include "analysis/predict/predictor.hpp"
#include "analysis/prune/fused_cuts.hpp"
#include "analysis/prune/sweep.hpp"
#include "tests/analysis/prune/plain_network.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kMembers = 4;

at::Tensor row(std::initializer_list<double> values) {
  return at::tensor(std::vector<double>(values), at::kDouble).unsqueeze(0);
}

double nll_of(const at::Tensor& log_p) {
  return -log_p.gather(1, plain_labels().unsqueeze(1)).mean().item<double>();
}

std::vector<PrunableLayer> all_layers(Network& network) {
  std::vector<PrunableLayer> layers;
  for (VarianceLayer* layer : network.variance_layers())
    layers.push_back({network.position(layer->name()), layer, {}, {}});
  return layers;
}

at::Tensor random_mask(const VarianceLayer& layer, double keep) {
  return (at::rand(layer.mean().sizes()) < keep).to(at::kFloat).to(test_device());
}

TEST(DropOrder, IsStableAndPutsWhatIsGoneFirst) {
  const at::Tensor score = row({3, 1, 1, 2, 1, 5});
  EXPECT_TRUE(at::equal(DropOrder({score}, {}).masks(2.0 / 6).front().to(at::kDouble),
                        row({1, 0, 0, 1, 1, 1})));
  EXPECT_TRUE(at::equal(DropOrder({score}, {}).masks(0.49).front().to(at::kDouble),
                        row({1, 0, 0, 1, 1, 1})));
  EXPECT_EQ(DropOrder({score}, {}).masks(0).front().sum().item<double>(), 6);
  EXPECT_EQ(DropOrder({score}, {}).masks(1).front().sum().item<double>(), 0);
  // The best weight is gone already: it is dropped first, and never comes back.
  const at::Tensor before = row({1, 1, 1, 1, 1, 0});
  const DropOrder order({score}, {before});
  EXPECT_TRUE(at::equal(order.masks(0).front().to(at::kDouble), before));
  EXPECT_TRUE(at::equal(order.masks(0.5).front().to(at::kDouble), row({1, 0, 0, 1, 1, 0})));
  EXPECT_THROW(order.masks(1.5), Error);
  EXPECT_THROW(DropOrder({row({1, NAN})}, {}), Error);
}

TEST(DropOrder, RanksSeveralLayersOnOneScale) {
  const at::Tensor a = row({1, 4}).reshape({2, 1}), b = row({3, 2, 5, 0});
  const std::vector<at::Tensor> masks = DropOrder({a, b}, {}).masks(0.5);
  EXPECT_TRUE(at::equal(masks[0].to(at::kDouble), row({0, 1}).reshape({2, 1})));
  EXPECT_TRUE(at::equal(masks[1].to(at::kDouble), row({1, 0, 1, 0})));
}

TEST(Cuts, OfTwoLayersMeetAPlainNetworkMemberByMember) {
  PlainNetwork plain;
  at::manual_seed(8);
  const DeviceImages images = plain_images();
  const std::vector<PrunableLayer> layers = all_layers(plain.network);
  const Cut cut{random_mask(*layers[0].layer, 0.3), random_mask(*layers[1].layer, 0.2)};
  ASSERT_FALSE(fused_head(plain.network, layers, images).has_value());
  CutRequest request;
  request.members = kMembers;
  request.seed = 6;
  std::int64_t counted = 0;
  const auto scored = score_cuts(plain.network, layers, {1, [&](std::size_t) { return cut; }},
                                 images, nullptr, request, [&](std::int64_t n) { counted += n; });
  EXPECT_EQ(counted, 3 * kPlainImages);
  EXPECT_EQ(counted, images_of_cuts(plain.network, layers, {1, {}}, images, request));
  ASSERT_EQ(scored.size(), 3U);
  const NoiseKey key{6, Stream::evaluation, 0, 0};
  const at::Tensor x = plain_pixels();
  EXPECT_NEAR(scored[0].metrics.nll, nll_of(plain.ensemble(x, key, kMembers)),
              tolerance::kFloatGradient);
  const auto wide = [](const at::Tensor& t) { return t.to(at::kCPU, at::kDouble); };
  plain.weights1.variance = plain.weights1.variance * wide(cut[0]);
  plain.weights2.variance = plain.weights2.variance * wide(cut[1]);
  EXPECT_NEAR(scored[1].metrics.nll, nll_of(plain.ensemble(x, key, kMembers)),
              tolerance::kFloatGradient);
  plain.weights1.mean = plain.weights1.mean * wide(cut[0]);
  plain.weights2.mean = plain.weights2.mean * wide(cut[1]);
  const at::Tensor log_p = plain.ensemble(x, key, kMembers);
  EXPECT_NEAR(scored[2].metrics.nll, nll_of(log_p), tolerance::kFloatGradient);
  EXPECT_EQ(scored[2].metrics.accuracy,
            log_p.argmax(1).eq(plain_labels()).to(at::kDouble).mean().item<double>());
  // The three rows are not one and the same.
  EXPECT_GT(std::abs(scored[1].metrics.nll - scored[2].metrics.nll), 1e-3);
}

TEST(Cuts, LeaveTheNetworkAsItWas) {
  PlainNetwork plain;
  at::manual_seed(8);
  const DeviceImages images = plain_images();
  std::vector<PrunableLayer> layers = all_layers(plain.network);
  SampledInputs passes(plain.network, images, 1);
  for (PrunableLayer& layer : layers) layer.input_square = passes.mean_square(layer.position);
  // One layer has been cut before: its weights are not its own.
  const at::Tensor mean = layers[1].layer->mean() * 0.5;
  layers[1].layer->override_weights(mean, layers[1].layer->weight_variance());
  const at::NoGradGuard no_gradients;
  const at::Tensor x = slice_batch(images, 0, images.count()).images;
  const at::Tensor before = plain.network.forward(x, Forward{});
  CutRequest request;
  request.repair = Repair::both;
  request.members = 2;
  const Cut cut{random_mask(*layers[0].layer, 0.3), random_mask(*layers[1].layer, 0.2)};
  score_cuts(plain.network, layers, {1, [&](std::size_t) { return cut; }}, images, &images, request,
             [](std::int64_t) {});
  EXPECT_TRUE(at::equal(plain.network.forward(x, Forward{}), before));
  EXPECT_TRUE(layers[0].layer->effective_mean().is_same(layers[0].layer->mean()));
  EXPECT_TRUE(layers[1].layer->effective_mean().is_same(mean));
  apply_cut(plain.network, layers, cut, Replacement::zero, Repair::both, &passes);
  EXPECT_FALSE(at::equal(plain.network.forward(x, Forward{}), before));
}

/// A head that the fused pass takes, behind a convolution without noise.
Network head_network() {
  Network network(Json::parse(R"({"input":[2,5,5],"classes":3,"layers":[{"conv2d":{"out":4}},"relu",
    {"variance_dense":{"out":7,"log_alpha":0.5}},"batch_norm","softplus",{"dense":{"out":3}}]})"));
  network.initialize(3);
  network.to(test_device());
  return network;
}

/// Noise comes before the layer that is pruned, which no fused pass takes then.
Network noisy_network() {
  Network network(Json::parse(R"({"input":[2,5,5],"classes":3,"layers":[{"conv2d":{"out":4}},"relu",
    {"dropout":0.3},{"variance_dense":{"out":9,"log_alpha":-1}},"relu",
    {"variance_dense":{"out":7,"log_alpha":0.5}},"batch_norm","softplus",{"dense":{"out":3}}]})"));
  network.initialize(3);
  network.to(test_device());
  return network;
}

// What comes before the cuts is computed once for all of them: against a network cut for good.
TEST(Cuts, AreTheSameInOnePassAndOneByOne) {
  use_torch_threads();
  for (const bool fused : {true, false}) {
    const auto make = fused ? head_network : noisy_network;
    Network network = make();
    at::manual_seed(3);
    const DeviceImages images = plain_images();
    std::vector<PrunableLayer> layers{all_layers(network).back()};
    SampledInputs passes(network, images, 5);
    layers[0].input_square = passes.mean_square(layers[0].position);
    ASSERT_EQ(fused_head(network, layers, images).has_value(), fused);
    const std::vector<at::Tensor> masks{random_mask(*layers[0].layer, 0.5),
                                        random_mask(*layers[0].layer, 0.1)};
    const Cuts cuts{2, [&](std::size_t c) { return Cut{masks[c]}; }};
    for (const char* repair : {"none", "batch-norm", "variance", "both"}) {
      CutRequest request;
      request.repair = repair_from_name(repair);
      request.members = kMembers;
      request.seed = 5;
      const auto scored =
          score_cuts(network, layers, cuts, images, &images, request, [](std::int64_t) {});
      ASSERT_EQ(scored.size(), 5U);
      for (std::size_t v = 0; v < 4; ++v) {
        Network own = make();
        std::vector<PrunableLayer> other{all_layers(own).back()};
        other[0].input_square = layers[0].input_square;
        SampledInputs its(own, images, 5);
        apply_cut(own, other, {masks[v / 2]}, request.rules[v % 2], request.repair, &its);
        const at::Tensor log_p =
            Predictor(own, images, 5).log_probabilities(Estimator::ensemble, kMembers);
        EXPECT_NEAR(scored[v + 1].metrics.nll, metrics(log_p, images.labels).nll,
                    tolerance::kFloatLayer)
            << fused << repair << v;
      }
    }
  }
}

TEST(Sweep, RanksByEveryCriterionAtEqualSparsity) {
  PlainNetwork plain;
  const DeviceImages images = plain_images();
  std::vector<PrunableLayer> layers = all_layers(plain.network);
  at::manual_seed(2);
  std::vector<Ranking> rankings;
  for (const char* name : {"first", "second"}) {
    Ranking ranking{name, {}};
    for (const PrunableLayer& layer : layers)
      ranking.scores.push_back(
          at::rand(layer.layer->mean().sizes(), at::kDouble).to(test_device()));
    rankings.push_back(ranking);
  }
  SweepRequest request;
  request.members = 2;
  request.points = {{true, 0.5}, {true, 0.9}};
  const auto run = [&] {
    return sweep(plain.network, layers, rankings, images, nullptr, request, [](std::int64_t) {});
  };
  const SweepResult by_layer = run();
  ASSERT_EQ(by_layer.rows.size(), 8U);
  for (const SweepRow& row : by_layer.rows) {
    const bool half = row.point.value == 0.5;
    EXPECT_EQ(row.kept, half ? (std::vector<std::int64_t>{36, 250})
                             : (std::vector<std::int64_t>{72 - 64, 50}));
    EXPECT_NEAR(row.sparsity, 1 - static_cast<double>(row.kept_total()) / 572,
                tolerance::kDoubleSum);
    EXPECT_TRUE(std::isnan(row.threshold));
  }
  EXPECT_EQ(by_layer.rows[0].criterion, "first");
  EXPECT_EQ(by_layer.rows[7].criterion, "second");
  EXPECT_EQ(by_layer.rows[5].replace, Replacement::zero);
  request.scope = Scope::global;
  const SweepResult together = run();
  EXPECT_EQ(together.rows[0].kept_total(), 286);
  EXPECT_EQ(together.rows[2].kept_total(), 572 - 514);
  const double over = (rankings[0].scores[0] > together.rows[0].threshold).sum().item<double>();
  EXPECT_NEAR(over, static_cast<double>(together.rows[0].kept[0]), 1);

  // A layer that loses nothing does not hide the other's lowest score.
  rankings[0].scores[0] += 10;
  rankings.resize(1);
  request.points = {{true, 0.5}, {true, 0}};
  const SweepResult lopsided = run();
  EXPECT_EQ(lopsided.rows[0].kept, (std::vector<std::int64_t>{72, 214}));
  const at::Tensor dense = rankings[0].scores[1];
  EXPECT_EQ((dense >= lopsided.rows[0].threshold).sum().item<double>(), 214);
  EXPECT_EQ(lopsided.rows[2].threshold, 0);

  // One threshold for all, and what is gone stays gone.
  layers[1].kept = at::zeros_like(layers[1].layer->mean());
  layers[1].kept[0][0] = 1;
  const Cut cut = cut_over(0, rankings[0], layers);
  EXPECT_EQ(cut[0].sum().item<double>(), 72);
  EXPECT_EQ(cut[1].sum().item<double>(), 1);
  EXPECT_EQ(cut_at({true, 0.5}, rankings[0], layers, Scope::layer)[1].sum().item<double>(), 1);
  EXPECT_EQ(cut_at({true, 0.99}, rankings[0], layers, Scope::global)[1].sum().item<double>() +
                cut_at({true, 0.99}, rankings[0], layers, Scope::global)[0].sum().item<double>(),
            572 - 566);
}

SweepResult result_with(double accuracy, double nll) {
  SweepResult result;
  result.full.accuracy = accuracy + 0.1;
  SweepRow row;
  row.criterion = "kappa";
  row.point = {true, 0.9};
  row.sparsity = 0.9;
  row.metrics.accuracy = accuracy;
  row.metrics.nll = nll;
  row.difference.difference = -0.1;
  result.rows.push_back(row);
  return result;
}

TEST(Sweep, MeanOverNetworksHasTheirOwnStandardError) {
  const SweepResult mean =
      mean_of_sweeps({result_with(0.5, 1), result_with(0.6, 2), result_with(0.7, 6)});
  EXPECT_NEAR(mean.rows[0].metrics.accuracy, 0.6, tolerance::kDoubleSum);
  EXPECT_NEAR(mean.rows[0].metrics.accuracy_se, 0.1 / std::sqrt(3), tolerance::kDoubleSum);
  EXPECT_NEAR(mean.rows[0].metrics.nll, 3, tolerance::kDoubleSum);
  EXPECT_NEAR(mean.full.accuracy, 0.7, tolerance::kDoubleSum);
  EXPECT_NEAR(mean.rows[0].difference.standard_error, 0, tolerance::kDoubleSum);
  SweepResult other = result_with(0.5, 1);
  other.rows[0].criterion = "random";
  EXPECT_THROW(mean_of_sweeps({result_with(0.5, 1), other}), Error);
  EXPECT_THROW(mean_of_sweeps({}), Error);
}

TEST(Sweep, ChoosesTheSparsestThenZeroThenTheMostAccurate) {
  SweepResult result;
  const auto add = [&](double sparsity, Replacement rule, double accuracy, double difference) {
    SweepRow row;
    row.sparsity = sparsity;
    row.replace = rule;
    row.metrics.accuracy = accuracy;
    row.difference.difference = difference;
    result.rows.push_back(row);
  };
  add(0.9, Replacement::zero, 0.95, -0.0005);
  add(0.9, Replacement::zero, 0.94, -0.0009);
  add(0.9, Replacement::mean, 0.96, 0);
  add(0.99, Replacement::zero, 0.9, -0.05);
  EXPECT_EQ(choose_row(result, "drop<=0.1"), 0);
  EXPECT_EQ(choose_row(result, "drop<=5"), 3);
  EXPECT_EQ(choose_row(result, "drop<=0"), 2);
  result.rows.pop_back();
  result.rows.pop_back();
  EXPECT_EQ(choose_row(result, "drop<=0"), -1);
  EXPECT_THROW(choose_row(result, "drop<0.1"), Error);
}

}  // namespace
}  // namespace varphase
