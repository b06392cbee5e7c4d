// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// Graphs run by onnxruntime, in a process of its own, on the noise that the network drew.
#include "analysis/exchange/onnx_graph.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checkpoints/safetensors.hpp"
#include "src/noise/normal_fill.hpp"
#include "tests/checkpoints/files.hpp"
#include "tests/checkpoints/python.hpp"
#include "tests/support/kinds_by_trait.hpp"

namespace varphase::test {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kImages = 5;

/// Every kind of layer that a graph has a rule for, in one network.
Json every_kind() {
  return Json::parse(R"({"input": [2, 9, 9], "classes": 3, "layers": [
    {"conv2d": {"out": 5, "kernel": 3, "stride": 2, "padding": 1}}, "batch_norm", "leaky_relu",
    {"gaussian_dropout": 0.3},
    {"variance_conv2d": {"out": 6, "kernel": 3, "padding": 1, "parameterization": "neuron", "bias": true,
                         "log_alpha": 1}},
    "batch_norm", "tanh", {"max_pool": 2}, {"dropout": 0.4},
    {"variance_dense": {"out": 7, "parameterization": "additive", "bias": true, "log_alpha": 0}},
    "batch_norm", {"softplus": 2}, {"dense": {"out": 6}}, "sigmoid",
    {"variance_dense": {"out": 5, "parameterization": "zero_centred", "bias": true}}, "abs", "silu",
    {"dense": {"out": 6}}, "gelu", {"dense": {"out": 6}}, "relu", "softplus", {"dense": {"out": 3, "bias": false}}]})");
}

Json plain() {
  return Json::parse(R"({"input": [1, 8, 8], "classes": 3, "layers": [
    {"conv2d": {"out": 4, "kernel": 3}}, "batch_norm", "relu", {"max_pool": 2},
    {"variance_dense": {"out": 6, "log_alpha": 1}}, "batch_norm", "softplus", {"dense": {"out": 3}}]})");
}

/// A network whose batch norms have seen something and whose biases are not 0.
Network drawn_network(const Json& spec) {
  Network network(spec);
  network.initialize(3);
  at::manual_seed(1);
  for (auto& entry : network.buffers())
    *entry.buffer.tensor = at::rand_like(*entry.buffer.tensor) + 0.5;
  for (auto& entry : network.parameters()) {
    if (entry.parameter.name == "bias" || entry.name.rfind("batch_norm", 0) == 0)
      *entry.parameter.tensor = at::rand_like(*entry.parameter.tensor) + 0.1;
  }
  return network;
}

Forward sampled(Mode mode = Mode::sampled) {
  return {mode,
          false,
          {11, Stream::evaluation, 0, 2},
          at::arange(100, 100 + kImages, at::kLong),
          at::tensor({4}, at::kLong)};
}

/// Noise of a variance layer for those images, number by number.
at::Tensor noise_of(const Layer& layer) {
  Shape shape = layer.output_shape();
  const std::int64_t channels = shape[0], positions = element_count(shape) / channels;
  shape.insert(shape.begin(), kImages);
  at::Tensor noise = at::zeros(shape);
  float* out = noise.data_ptr<float>();
  NoiseKey key = sampled().key;
  key.layer = layer.number();
  for (std::int64_t n = 0; n < kImages; ++n) {
    for (std::int64_t ch = 0; ch < channels; ++ch) {
      for (std::int64_t pos = 0; pos < positions; ++pos)
        *out++ =
            normal_at(key, static_cast<std::uint32_t>(100 + n), 4,
                      output_unit(static_cast<std::uint32_t>(pos), static_cast<std::uint32_t>(ch),
                                  static_cast<std::uint32_t>(channels)));
    }
  }
  return noise;
}

/// A folder of graphs with what goes in and what must come out, for onnx_reference.py.
class OnnxGraph : public testing::Test {
 protected:
  void add(const std::string& name, Network& network, OnnxMode mode,
           std::map<std::string, at::Tensor> inputs, std::map<std::string, at::Tensor> outputs,
           const InputNormalization& normalization = {}) {
    const OnnxModel model = onnx_graph(network, mode, normalization);
    for (const OnnxValue& value : model.inputs) {
      for (const auto& layer : network.layers()) {
        Shape shape = layer->output_shape();
        shape.insert(shape.begin(), kImages);
        if (value.name == layer->name() + ".noise") inputs[value.name] = noise_of(*layer);
        if (value.name == layer->name() + ".factor")
          inputs[value.name] = layer->forward(at::ones(shape), sampled());
      }
    }
    EXPECT_EQ(model.inputs.size(), inputs.size()) << name;
    EXPECT_EQ(model.outputs.size(), outputs.size()) << name;
    std::vector<Array> arrays;
    for (const auto& [input, value] : inputs)
      arrays.push_back(array_from_tensor("input:" + input, value));
    for (const auto& [output, value] : outputs)
      arrays.push_back(array_from_tensor("output:" + output, value));
    write_onnx(folder_ / (name + ".onnx"), model);
    write_safetensors(folder_ / (name + ".safetensors"), arrays, {});
  }

  void run() {
    const Finished python =
        run_python("'" VARPHASE_SOURCE_DIR "/tests/analysis/exchange/onnx_reference.py'",
                   (folder_ / "").string());
    ASSERT_EQ(python.status, 0) << python.output;
    EXPECT_THAT(python.output, HasSubstr("all agree"));
  }

  TemporaryFolder folder_;
  at::NoGradGuard no_gradients_;
};

TEST_F(OnnxGraph, EveryFormGivesWhatTheNetworkGives) {
  for (const auto& [name, spec] : {std::pair<std::string, Json>{"every", every_kind()},
                                   std::pair<std::string, Json>{"plain", plain()}}) {
    Network network = drawn_network(spec);
    Shape shape = network.input();
    shape.insert(shape.begin(), kImages);
    const at::Tensor x = at::rand(shape);
    add(name + "_ensemble", network, OnnxMode::ensemble, {{"images", x}},
        {{"logits", network.forward(x, sampled())}});
    add(name + "_deterministic", network, OnnxMode::deterministic, {{"images", x}},
        {{"logits", network.forward(x, {})}});
    add(name + "_zero_mean", network, OnnxMode::zero_mean, {{"images", x}},
        {{"logits", network.forward(x, sampled(Mode::zero_mean))}});
    const std::size_t first = network.position("");
    const auto& layer = dynamic_cast<const VarianceLayer&>(*network.layers()[first]);
    at::Tensor features = network.forward_range(x, sampled(), 0, first);
    if (layer.output_shape().size() == 1) features = features.flatten(1);
    const auto moments = layer.moments(features, layer.mean(), layer.weight_variance());
    add(name + "_moments", network, OnnxMode::moments, {{"images", x}},
        {{layer.name() + ".output_mean", moments.mean},
         {layer.name() + ".output_variance", moments.variance}});
    const at::Tensor b = network.forward_range(x, sampled(), 0, first + 1);
    add(name + "_head", network, OnnxMode::head, {{layer.name() + ".output", b}},
        {{"logits", network.forward(x, sampled())}});
  }
  run();
}

TEST_F(OnnxGraph, HasEveryActivationOfTheTable) {
  for (const std::string& kind : activation_kinds()) {
    Json spec = Json::parse(R"({"input": [1, 5, 5], "classes": 3, "layers":
      [{"dense": {"out": 40}}, "relu", {"dense": {"out": 3}}]})");
    spec["layers"][1] = kind;
    Network network = drawn_network(spec);
    const at::Tensor x = 12 * at::randn({kImages, 1, 5, 5});
    add(kind, network, OnnxMode::deterministic, {{"images", x}},
        {{"logits", network.forward(x, {})}});
  }
  run();
}

TEST_F(OnnxGraph, HasEveryKindWithWeights) {
  for (const std::string& kind : weighted_kinds()) {
    const Json layer{{kind, {{"out", 4}, {"bias", true}}}};
    const Json layers = Json::array({layer, "tanh", layer, {{"dense", {{"out", 3}}}}});
    Network network = drawn_network({{"input", {2, 6, 6}}, {"classes", 3}, {"layers", layers}});
    const at::Tensor x = at::randn({kImages, 2, 6, 6});
    add(kind, network, OnnxMode::deterministic, {{"images", x}},
        {{"logits", network.forward(x, {})}});
  }
  run();
}

TEST_F(OnnxGraph, PrunedWeightsAndNormalizationAreInside) {
  Network network = drawn_network(plain());
  VarianceLayer& layer = *network.variance_layers().front();
  const at::Tensor keep = (at::rand_like(layer.mean()) < 0.3).to(at::kFloat);
  layer.override_weights(layer.mean() * keep, 3 * layer.weight_variance() * keep);
  const at::Tensor x = at::rand({kImages, 1, 8, 8});
  const at::Tensor normalized = (x - 0.3) / 0.25;
  for (const OnnxMode mode : {OnnxMode::ensemble, OnnxMode::deterministic}) {
    const Forward how = mode == OnnxMode::ensemble ? sampled() : Forward{};
    add(onnx_mode_name(mode), network, mode, {{"images", x}},
        {{"logits", network.forward(normalized, how)}}, {{0.3}, {0.25}});
  }
  run();
}

TEST_F(OnnxGraph, FormsThatANetworkHasNotAreRefused) {
  Network quiet(Json::parse(
      R"({"input": [1, 4, 4], "classes": 2, "layers": ["relu", {"dense": {"out": 2}}]})"));
  EXPECT_THAT(error_of(ErrorKind::unsupported, [&] { onnx_graph(quiet, OnnxMode::ensemble, {}); }),
              HasSubstr("deterministic"));
  Network dropout(Json::parse(
      R"({"input": [1, 4, 4], "classes": 2, "layers": [{"dropout": 0.5}, {"dense": {"out": 2}}]})"));
  EXPECT_THAT(error_of(ErrorKind::unsupported, [&] { onnx_graph(dropout, OnnxMode::moments, {}); }),
              HasSubstr("no variance layer"));
  EXPECT_THAT(error_of(ErrorKind::usage, [] { onnx_mode_from_name("ensembel"); }),
              HasSubstr("did you mean 'ensemble'"));
}

}  // namespace
}  // namespace varphase::test
