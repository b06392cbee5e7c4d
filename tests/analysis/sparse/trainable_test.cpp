// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/trainable.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

using testing::HasSubstr;

Json spec_of(const std::string& parameterization) {
  Json spec = Json::parse(R"({"input": [1, 6, 6], "classes": 3, "layers": [
    {"variance_conv2d": {"out": 4, "kernel": 3}}, "batch_norm", "relu", {"max_pool": 2},
    {"variance_dense": {"out": 6, "bias": true}}, "batch_norm", "softplus",
    {"dense": {"out": 3}}]})");
  spec["layers"][0]["variance_conv2d"]["parameterization"] = parameterization;
  spec["layers"][4]["variance_dense"]["parameterization"] = parameterization;
  return spec;
}

/// A network off its first values, both of its variance layers pruned as `prune` does it.
SparseModel pruned(const std::string& parameterization, const std::string& rule,
                   const at::Tensor& row_factors = {}) {
  Network network(spec_of(parameterization));
  network.initialize(4);
  at::manual_seed(3);
  SparseModel model;
  model.config = Json{{"network", network.spec()}}.dump();
  for (const auto& [name, parameter] : network.parameters()) {
    *parameter.tensor = *parameter.tensor + 0.3 * at::rand(parameter.tensor->sizes());
    const bool own = parameter.role == Role::variance || name.find("/mean") != std::string::npos;
    if (!own) model.parameters.push_back(array_from_tensor(name, *parameter.tensor));
  }
  for (const auto& [name, buffer] : network.buffers())
    model.buffers.push_back(array_from_tensor(name, *buffer.tensor));
  for (const VarianceLayer* layer : network.variance_layers()) {
    const at::Tensor kept = at::rand(layer->mean().sizes()) < 0.3;
    std::vector<std::uint8_t> keep;
    for (const float value : host_floats(kept)) keep.push_back(value > 0 ? 1 : 0);
    at::Tensor variance = layer->weight_variance();
    if (row_factors.defined() && layer->mean().dim() == 2)
      variance = variance * row_factors.view({-1, 1});
    model.layers.push_back(make_pruned_layer(layer->name(), layer->mean().sizes().vec(), rule,
                                             parameterization, host_floats(layer->mean()),
                                             host_floats(variance), keep));
  }
  return model;
}

void expect_weights_of(const Network& network, const SparseModel& model) {
  for (const VarianceLayer* layer : network.variance_layers()) {
    const EffectiveWeights wanted = effective_weights(model.layer(layer->name()));
    EXPECT_EQ(host_floats(layer->effective_mean()), wanted.mean);
    const std::vector<float> variance = host_floats(layer->effective_variance());
    for (std::size_t i = 0; i < variance.size(); ++i)
      EXPECT_NEAR(variance[i], wanted.variance[i], tolerance::kFloatInverse * wanted.variance[i])
          << layer->name() << ' ' << i;
    const at::Tensor kept = layer->mask().flatten();
    const auto bits = unpack_mask(model.layer(layer->name()).mask, kept.numel());
    for (std::size_t i = 0; i < bits.size(); ++i)
      EXPECT_EQ(kept[static_cast<std::int64_t>(i)].item<bool>(), bits[i] != 0);
  }
}

TEST(Trainable, EveryParameterizationHasTheFilesWeights) {
  for (const std::string& parameterization : parameterizations().names()) {
    for (const std::string rule : {"zero", "mean"}) {
      const SparseModel model = pruned(parameterization, rule);
      Network network(spec_of(parameterization));
      load_trainable(network, model);
      expect_weights_of(network, model);
      Snapshot snapshot;
      store_network(network, snapshot);
      for (const Array& stored : model.parameters) {
        bool found = false;
        for (const Array& own : snapshot.parameters)
          found = found || (own.name == stored.name && own.bytes == stored.bytes);
        EXPECT_TRUE(found) << parameterization << ' ' << stored.name;
      }
    }
  }
}

TEST(Trainable, VariancesChangedByRowsWantAParameterizationByRows) {
  const at::Tensor factors = at::tensor({1.0F, 2.0F, 1.5F, 1.0F, 7.0F, 3.0F});
  const SparseModel model = pruned("layer", "zero", factors);
  for (const std::string parameterization : {"neuron", "weight", "additive"}) {
    Network network(spec_of(parameterization));
    load_trainable(network, model);
    expect_weights_of(network, model);
  }
  Network network(spec_of("layer"));
  try {
    load_trainable(network, model);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("dense1: parameterization 'layer' cannot give"));
    EXPECT_THAT(error.what(), HasSubstr("--parameterization"));
  }
  Network centred(spec_of("zero_centred"));
  EXPECT_THROW(load_trainable(centred, model), Error);
}

TEST(Trainable, RefusesAnotherArchitecture) {
  SparseModel model = pruned("layer", "zero");
  Json spec = spec_of("layer");
  spec["layers"][4]["variance_dense"]["out"] = 5;
  Network network(spec);
  try {
    load_trainable(network, model);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::shape);
    EXPECT_THAT(error.what(), HasSubstr("pruned layer dense1 has shape [6, 16]"));
  }
  model.layers[1].layer = "dense2";
  Network other(spec_of("layer"));
  EXPECT_THROW(load_trainable(other, model), Error);
}

}  // namespace
}  // namespace varphase
