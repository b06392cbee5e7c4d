// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/ranking.hpp"

#include <torch/csrc/autograd/autograd.h>

#include "analysis/kappa/compute_kappa.hpp"
#include "tests/analysis/prune/plain_network.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

std::vector<PrunableLayer> both_layers(PlainNetwork& plain) {
  std::vector<PrunableLayer> layers;
  for (VarianceLayer* layer : plain.network.variance_layers())
    layers.push_back({plain.network.position(layer->name()), layer, {}, {}});
  return layers;
}

TEST(WeightGradients, MeetFloat64Autograd) {
  PlainNetwork plain;
  const auto gradients = weight_gradients(plain.network, both_layers(plain), plain_images());
  plain.weights1.mean.set_requires_grad(true);
  plain.weights2.mean.set_requires_grad(true);
  const at::Tensor nll = -at::log_softmax(plain.logits(plain_pixels(), nullptr, 0), 1)
                              .gather(1, plain_labels().unsqueeze(1))
                              .sum();
  const auto wanted = torch::autograd::grad({nll}, {plain.weights1.mean, plain.weights2.mean});
  EXPECT_TRUE(close(gradients[0], wanted[0], tolerance::kFloatNetwork));
  EXPECT_TRUE(close(gradients[1], wanted[1], tolerance::kFloatNetwork));
  // The network is as it was.
  const VarianceLayer& conv = *plain.network.variance_layers()[0];
  EXPECT_TRUE(conv.effective_mean().is_same(conv.mean()));
}

TEST(Ranking, TakesWhatALayerIsLeftWithAndLeavesOutWhatCannotRank) {
  PlainNetwork plain;
  std::vector<PrunableLayer> layers = both_layers(plain);
  const at::Tensor mask =
      (at::rand(layers[0].layer->mean().sizes()) > 0.5).to(at::kFloat).to(test_device());
  const at::Tensor mean = layers[0].layer->mean().clone(),
                   variance = layers[0].layer->weight_variance();
  layers[0].layer->override_weights(mean * mask, variance * mask);
  const DeviceImages images = plain_images();
  SampledInputs passes(plain.network, images, 1);
  for (PrunableLayer& layer : layers) layer.input_square = passes.mean_square(layer.position);
  KappaMap map;  // of one layer of two
  map.layers.push_back(
      {"dense1", {5, 100}, std::vector<float>(500, 2), std::vector<float>(500, 1)});
  const auto inputs =
      score_inputs(plain.network, layers, criteria().names(), &map, "conv1: no rule", images, 1);
  EXPECT_TRUE(close(rank("sigma2", inputs, test_device()).scores[0], variance * mask,
                    tolerance::kFloatSteps));
  const at::Tensor shares = rank("variance-share", inputs, test_device()).scores[0];
  const at::Tensor parts =
      (variance * mask).to(at::kCPU, at::kDouble) * layers[0].input_square.to(at::kCPU);
  EXPECT_TRUE(
      close(shares, parts / parts.sum(at::IntArrayRef{1, 2, 3}, true), tolerance::kFloatSteps));
  const at::Tensor scores = rank("obd", {inputs[1]}, test_device()).scores[0];
  EXPECT_TRUE(
      close(scores, layers[1].layer->mean().to(at::kDouble).square(), tolerance::kFloatSteps));

  const Rankings all = rank_by_all(inputs, test_device());
  std::vector<std::string> ranked, left_out;
  for (const Ranking& ranking : all.list) ranked.push_back(ranking.criterion);
  for (const auto& [name, why] : all.left_out) {
    left_out.push_back(name);
    EXPECT_NE(why.find("conv1"), std::string::npos) << why;
  }
  EXPECT_EQ(ranked, (std::vector<std::string>{"sigma2", "magnitude", "variance", "variance-share",
                                              "random"}));
  EXPECT_EQ(ranked.size() + left_out.size(), criteria().names().size());
  try {
    rank("kappa", inputs, test_device());
    FAIL() << "ranked without curvature";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find("conv1: no rule"), std::string::npos);
  }
}

}  // namespace
}  // namespace varphase
