// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/prune_network.hpp"

#include <algorithm>

#include "analysis/prune/prunable_layers.hpp"
#include "analysis/prune/ranking.hpp"
#include "tests/analysis/prune/plain_network.hpp"

namespace varphase {
namespace {

PrunedNetwork pruned_by_magnitude(PlainNetwork& plain, const CutPlace& place,
                                  const std::vector<std::string>& names,
                                  const SparseModel* before = nullptr) {
  const DeviceImages images = plain_images();
  std::vector<PrunableLayer> layers = prunable_layers(plain.network, names, before, "plain");
  std::vector<ScoreInputs> scores =
      score_inputs(plain.network, layers, {"magnitude"}, nullptr, "", images, 1);
  const PruningInput input{.network = plain.network,
                           .layers = std::move(layers),
                           .scores = std::move(scores),
                           .train = images,
                           .before = before,
                           .origin = "plain"};
  Pruning pruning;
  pruning.criterion = "magnitude";
  pruning.place = place;
  EXPECT_EQ(images_to_choose(input, pruning), 0);
  return prune_network(input, pruning, "{}", {});
}

/// Which weights have a mean of the `kept` largest, by a sort in float64.
std::vector<std::uint8_t> largest(const at::Tensor& mean, std::int64_t kept) {
  const at::Tensor size = mean.abs().flatten();
  const double border = std::get<0>(size.sort(0, true))[kept - 1].item<double>();
  std::vector<std::uint8_t> keep;
  for (std::int64_t i = 0; i < size.numel(); ++i)
    keep.push_back(size[i].item<double>() >= border ? 1 : 0);
  return keep;
}

TEST(PruneNetwork, TheModelHoldsWhatTheNetworkBecame) {
  PlainNetwork plain;
  const PrunedNetwork pruned =
      pruned_by_magnitude(plain, {.budget = {"dense1=0.5", "conv1=0.25"}}, {});
  ASSERT_EQ(pruned.model.layers.size(), 2U);
  const PrunedLayer& conv = pruned.model.layer("conv1");
  const PrunedLayer& dense = pruned.model.layer("dense1");
  EXPECT_EQ(conv.kept(), 72 - 18);
  EXPECT_EQ(dense.kept(), 500 - 250);
  EXPECT_EQ(unpack_mask(conv.mask, 72), largest(plain.weights1.mean, 54));
  EXPECT_EQ(unpack_mask(dense.mask, 500), largest(plain.weights2.mean, 250));
  EXPECT_EQ(pruned.weights, 572);
  EXPECT_EQ(pruned.kept, 304);
  EXPECT_DOUBLE_EQ(pruned.sparsity(), 268.0 / 572);
  EXPECT_TRUE(pruned.units.empty());
  EXPECT_EQ(pruned.chosen.how, "budget dense1=0.5,conv1=0.25");
  for (const PrunedLayer& layer : pruned.model.layers) {
    const VarianceLayer& own = *plain.network.layer(layer.layer).as_variance();
    const EffectiveWeights weights = effective_weights(layer);
    EXPECT_EQ(weights.mean, host_floats(own.effective_mean()));
    EXPECT_EQ(weights.variance, host_floats(own.effective_variance()));
  }
  for (const Array& array : pruned.model.parameters) {
    EXPECT_NE(array.name, "dense1/mean");
    EXPECT_NE(array.name, "dense1/log_alpha");
  }
  EXPECT_TRUE(std::any_of(pruned.model.parameters.begin(), pruned.model.parameters.end(),
                          [](const Array& array) { return array.name == "dense1/bias"; }));
}

TEST(PruneNetwork, WhatWasPrunedBeforeStays) {
  PlainNetwork plain;
  const PrunedNetwork first = pruned_by_magnitude(plain, {.sparsity = 0.5}, {"conv1"});
  const PrunedNetwork second =
      pruned_by_magnitude(plain, {.sparsity = 0.9}, {"dense1"}, &first.model);
  EXPECT_EQ(second.model.layer("conv1").mask, first.model.layer("conv1").mask);
  EXPECT_EQ(second.model.layer("conv1").mean, first.model.layer("conv1").mean);
  EXPECT_EQ(second.model.layer("dense1").kept(), 50);
}

TEST(PruneNetwork, WantsOnePlaceToCut) {
  PlainNetwork plain;
  const CutPlace both{.threshold = "1", .sparsity = 0.5};
  EXPECT_THROW(pruned_by_magnitude(plain, both, {}), Error);
  EXPECT_THROW(pruned_by_magnitude(plain, {}, {}), Error);
  // A budget is of every layer that is pruned.
  const CutPlace of_one{.budget = {"conv1=0.5"}};
  EXPECT_THROW(pruned_by_magnitude(plain, of_one, {}), Error);
}

TEST(Pruning, ThresholdsOfOtherCriteriaAreAnyNumber) {
  EXPECT_EQ(parse_score("-0.5", "log-alpha"), -0.5);
  EXPECT_EQ(parse_score("0", "sigma2"), 0);
  EXPECT_EQ(parse_score("10^2", "sigma2"), 100);
  EXPECT_THROW(parse_score("-0.5", "kappa"), Error);
  EXPECT_EQ(parse_score("10^2", "kappa"), 100);
}

}  // namespace
}  // namespace varphase
