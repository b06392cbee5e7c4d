// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/compact.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "analysis/sparse/load_unpruned.hpp"
#include "src/layers/batch_norm.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

using testing::HasSubstr;

/// conv -> norm -> activation -> pool -> flatten -> variance dense -> norm -> activation -> dense.
Json conv_spec(const std::string& activation, std::int64_t padding = 0) {
  Json spec = Json::parse(R"({"input": [2, 8, 8], "classes": 3, "layers": [
    {"variance_conv2d": {"out": 5, "kernel": 3}}, "batch_norm", "activation", {"max_pool": 2},
    {"conv2d": {"out": 6, "kernel": 2, "bias": false}}, "batch_norm", "activation",
    {"variance_dense": {"out": 7, "parameterization": "neuron"}}, "batch_norm", "activation",
    {"dense": {"out": 3}}]})");
  for (Json& layer : spec["layers"]) {
    if (layer == "activation") layer = activation;
  }
  spec["layers"][4]["conv2d"]["padding"] = padding;
  return spec;
}

/// A network with random numbers everywhere; rows and columns of its variance layers dropped.
/// @param shape  changes the kept weights of a layer, uint8 of the weight's shape
SparseModel pruned(const Json& spec,
                   const std::function<void(const std::string& layer, at::Tensor& kept)>& shape) {
  Network network(spec);
  network.initialize(9);
  at::manual_seed(1);
  SparseModel model;
  model.config = Json{{"network", spec}}.dump();
  for (const auto& [name, parameter] : network.parameters())
    *parameter.tensor = *parameter.tensor + 0.2 * at::randn(parameter.tensor->sizes());
  for (const auto& [name, buffer] : network.buffers()) {
    const at::Tensor noise = at::rand(buffer.tensor->sizes());
    model.buffers.push_back(array_from_tensor(name, noise + 0.1, buffer.dims));
  }
  for (const VarianceLayer* layer : network.variance_layers()) {
    at::Tensor kept = (at::rand(layer->mean().sizes()) < 0.7).to(at::kByte);
    shape(layer->name(), kept);
    const auto* bytes = kept.data_ptr<std::uint8_t>();
    model.layers.push_back(make_pruned_layer(
        layer->name(), layer->mean().sizes().vec(), "zero",
        std::string(layer->parameterization().name()), host_floats(layer->mean()),
        host_floats(layer->weight_variance()), {bytes, static_cast<std::size_t>(kept.numel())}));
  }
  for (const auto& [name, parameter] : network.parameters()) {
    const bool own = parameter.role == Role::variance || name.find("/mean") != std::string::npos;
    at::Tensor values = *parameter.tensor;
    if (name == "conv2/weight") shape("conv2", values);
    if (!own) model.parameters.push_back(array_from_tensor(name, values, parameter.dims));
  }
  return model;
}

/// A model as a network in float64, every layer by itself.
Network network_of(const SparseModel& model) {
  Network network(parse_json(model.config, "test")["network"]);
  load_unpruned(network, model);
  network.to(at::kDouble);
  for (const PrunedLayer& layer : model.layers) {
    const EffectiveWeights weights = effective_weights(layer);
    const auto tensor = [&](const std::vector<float>& values) {
      return tensor_from_array(make_array<float>("", layer.shape, values)).to(at::kDouble);
    };
    layer_of(network, layer).override_weights(tensor(weights.mean), tensor(weights.variance));
  }
  return network;
}

at::Tensor some_images(const Network& network) {
  at::manual_seed(2);
  Shape shape = network.input();
  shape.insert(shape.begin(), 6);
  return at::rand(shape, at::kDouble);
}

std::map<std::string, CompactedLayer> by_layer(const CompactModel& compacted) {
  std::map<std::string, CompactedLayer> map;
  for (const CompactedLayer& row : compacted.layers) map[row.layer] = row;
  return map;
}

/// conv1: channel 2 gets nothing, channel 4 gives nothing (conv2 does not read it). dense1: unit 1
/// gets nothing, nothing reads channel 3 of conv2.
void drop_some(const std::string& layer, at::Tensor& kept) {
  if (layer == "conv1") kept[2].zero_();
  if (layer == "conv2") kept.select(1, 4).zero_();
  if (layer == "dense1") {
    kept[1].zero_();
    kept.view({7, 6, -1}).select(1, 3).zero_();
  }
}

TEST(Compact, PredictsWhatTheWholeNetworkPredicts) {
  for (const char* activation : {"relu", "softplus", "abs", "tanh"}) {
    const SparseModel model = pruned(conv_spec(activation), drop_some);
    const CompactModel compacted = compact(model);
    auto rows = by_layer(compacted);
    EXPECT_EQ(rows["conv1"].units, 3) << activation;
    EXPECT_EQ(rows["conv2"].units, 5) << activation;
    EXPECT_EQ(rows["dense1"].units, 6) << activation;
    EXPECT_EQ(rows["dense2"].units, 3) << activation;
    EXPECT_EQ(compacted.units_removed(), 4) << activation;
    Network whole = network_of(model), small = network_of(compacted.model);
    const at::Tensor x = some_images(whole);
    const at::Tensor wanted = whole.forward(x, Forward{});
    EXPECT_TRUE(close(small.forward(x, Forward{}), wanted, tolerance::kFloatSteps))
        << activation;  // float32 biases
    // Means and variances of the units that are left, given the inputs of the deterministic pass.
    const at::Tensor a = whole.forward_range(x, Forward{}, 0, 7);
    const at::Tensor b = small.forward_range(x, Forward{}, 0, 7);
    auto* wide = whole.variance_layers()[1];
    auto* narrow = small.variance_layers()[1];
    const auto left = at::tensor({0, 2, 3, 4, 5, 6}, at::kLong);
    const auto before = wide->moments(a, wide->effective_mean(), wide->effective_variance());
    const auto after = narrow->moments(b, narrow->effective_mean(), narrow->effective_variance());
    EXPECT_TRUE(close(after.mean, before.mean.index_select(1, left), tolerance::kFloatSteps))
        << activation;
    EXPECT_TRUE(
        close(after.variance, before.variance.index_select(1, left), tolerance::kFloatSteps))
        << activation;
  }
}

TEST(Compact, LeavesANetworkWithoutDeadUnitsAsItIs) {
  const SparseModel model = pruned(conv_spec("softplus"), [](const std::string&, at::Tensor& kept) {
    if (kept.scalar_type() == at::kByte) kept.fill_(1);
  });
  const CompactModel compacted = compact(model);
  EXPECT_EQ(compacted.units_removed(), 0);
  ASSERT_EQ(compacted.model.layers.size(), model.layers.size());
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    EXPECT_EQ(compacted.model.layers[i].mean, model.layers[i].mean);
    EXPECT_EQ(compacted.model.layers[i].variance, model.layers[i].variance);
  }
  for (std::size_t i = 0; i < model.parameters.size(); ++i)
    EXPECT_EQ(compacted.model.parameters[i].bytes, model.parameters[i].bytes);
}

TEST(Compact, KeepsAConstantThatCannotBeMoved) {
  // Zeros around the image, dropout, and a variance that would be lost.
  const auto conv1_alone = [](const std::string& layer, at::Tensor& kept) {
    if (kept.scalar_type() == at::kByte) kept.fill_(1);
    if (layer == "conv1") kept[2].zero_();
  };
  EXPECT_EQ(compact(pruned(conv_spec("softplus", 0), conv1_alone)).units_removed(), 1);
  EXPECT_EQ(compact(pruned(conv_spec("softplus", 1), conv1_alone)).units_removed(), 0);
  Json spec = conv_spec("softplus");
  spec["layers"][3] = {{"dropout", 0.5}};
  EXPECT_EQ(compact(pruned(spec, conv1_alone)).units_removed(), 0);
  spec = conv_spec("softplus");
  spec["layers"][4] = {{"variance_conv2d", {{"out", 6}, {"kernel", 2}}}};
  EXPECT_EQ(compact(pruned(spec, conv1_alone)).units_removed(), 0);
}

TEST(Compact, GoesOnUntilNothingIsDead) {
  // Without dense1's unit 4, which nothing reads, nothing reads channel 5 of conv2 either.
  const SparseModel model =
      pruned(conv_spec("relu"), [](const std::string& layer, at::Tensor& kept) {
        if (kept.scalar_type() == at::kByte) kept.fill_(1);
        if (layer != "dense1") return;
        const at::Tensor by_channel = kept.view({7, 6, -1});
        by_channel.select(1, 5).zero_();
        by_channel[4][5].fill_(1);
      });
  SparseModel unread = model;
  for (Array& array : unread.parameters) {
    if (array.name != "dense2/weight") continue;
    const at::Tensor weight = tensor_from_array(array);
    weight.select(1, 4).zero_();
    array = array_from_tensor(array.name, weight, array.dims);
  }
  EXPECT_EQ(compact(model).units_removed(), 0);
  auto rows = by_layer(compact(unread));
  EXPECT_EQ(rows["dense1"].units, 6);
  EXPECT_EQ(rows["conv2"].units, 5);
  Network whole = network_of(unread), small = network_of(compact(unread).model);
  const at::Tensor x = some_images(whole);
  EXPECT_TRUE(
      close(small.forward(x, Forward{}), whole.forward(x, Forward{}), tolerance::kFloatSteps));
}

TEST(Compact, KeepsOneUnitOfALayerThatIsDeadAltogether) {
  const SparseModel model =
      pruned(conv_spec("relu"), [](const std::string& layer, at::Tensor& kept) {
        if (layer == "dense1") kept.zero_();
      });
  const CompactModel compacted = compact(model);
  for (const CompactedLayer& row : compacted.layers) EXPECT_GE(row.units, 1) << row.layer;
  Network whole = network_of(model), small = network_of(compacted.model);
  const at::Tensor x = some_images(whole);
  EXPECT_TRUE(
      close(small.forward(x, Forward{}), whole.forward(x, Forward{}), tolerance::kFloatSteps));
}

}  // namespace
}  // namespace varphase
