// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/exchange/state_dict_import.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/exchange/state_dict.hpp"
#include "tests/checkpoints/files.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Json spec(const std::string& dense1 = R"({"dense": {"out": 6}})") {
  return Json::parse(R"({"input": [1, 6, 6], "classes": 3, "layers": [
    {"conv2d": {"out": 4, "kernel": 3}}, "batch_norm", "relu", {"max_pool": 2}, )" +
                     dense1 + R"(, "relu", {"dense": {"out": 3}}]})");
}

/// As torch.nn.Sequential names it.
TensorFile sequential() {
  TensorFile file;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
    file.arrays.push_back(
        normal_array(name, std::move(shape), static_cast<unsigned>(file.arrays.size())));
  };
  add("0.weight", {4, 1, 3, 3});
  add("0.bias", {4});
  add("1.weight", {4});
  add("1.bias", {4});
  add("1.running_mean", {4});
  add("1.running_var", {4});
  file.arrays.push_back(
      make_array<std::int64_t>("1.num_batches_tracked", {}, std::vector<std::int64_t>{9}));
  add("5.weight", {6, 16});
  add("5.bias", {6});
  add("7.weight", {3, 6});
  add("7.bias", {3});
  return file;
}

const Array& tensor(const TensorFile& file, const std::string& name) {
  for (const Array& array : file.arrays) {
    if (array.name == name) return array;
  }
  throw std::runtime_error("no tensor " + name);
}

Array& tensor(TensorFile& file, const std::string& name) {
  return const_cast<Array&>(tensor(std::as_const(file), name));
}

std::map<std::string, Array> stored(const Network& network) {
  Snapshot snapshot;
  store_network(network, snapshot);
  std::map<std::string, Array> arrays;
  for (const auto* list : {&snapshot.parameters, &snapshot.buffers}) {
    for (const Array& array : *list) arrays[array.name] = array;
  }
  return arrays;
}

TEST(StateDictImport, ASequentialsTensorsGoToTheLayersInOrder) {
  Network network(spec());
  network.initialize(1);
  const TensorFile file = sequential();
  const StateDictReport report = load_state_dict(network, file, {"a", {}, std::nullopt});
  EXPECT_THAT(report.modules,
              testing::ElementsAre(testing::Pair("0", "conv1"), testing::Pair("1", "batch_norm1"),
                                   testing::Pair("5", "dense1"), testing::Pair("7", "dense2")));
  EXPECT_THAT(report.unused, testing::ElementsAre("1.num_batches_tracked"));
  const auto arrays = stored(network);
  const std::map<std::string, std::string> where{{"0.weight", "conv1/weight"},
                                                 {"0.bias", "conv1/bias"},
                                                 {"1.weight", "batch_norm1/weight"},
                                                 {"1.bias", "batch_norm1/bias"},
                                                 {"1.running_mean", "batch_norm1/running_mean"},
                                                 {"1.running_var", "batch_norm1/running_var"},
                                                 {"5.weight", "dense1/weight"},
                                                 {"5.bias", "dense1/bias"},
                                                 {"7.weight", "dense2/weight"},
                                                 {"7.bias", "dense2/bias"}};
  ASSERT_EQ(arrays.size(), where.size());
  for (const auto& [theirs, ours] : where)
    EXPECT_TRUE(arrays.at(ours).bytes == tensor(file, theirs).bytes) << theirs;
}

TEST(StateDictImport, OurOwnExportComesBackBitForBitWhateverTheParameterization) {
  for (const std::string& name : parameterizations().names()) {
    for (const char* layer :
         {R"({"variance_dense": {"out": 6, "bias": true, "parameterization": ")",
          R"({"variance_conv2d": {"out": 6, "kernel": 2, "parameterization": ")"}) {
      const Json json = spec(layer + name + "\"}}");
      Network first(json);
      first.initialize(7);
      Snapshot snapshot;
      snapshot.config = "{}";
      store_network(first, snapshot);
      Network second(json);
      second.initialize(8);
      const StateDictReport report =
          load_state_dict(second, state_dict(snapshot), {"a", {}, std::nullopt});
      EXPECT_TRUE(report.variances.empty());
      const auto wanted = stored(first), got = stored(second);
      ASSERT_EQ(wanted.size(), got.size());
      for (const auto& [array, value] : wanted) expect_equal(got.at(array), value);
    }
  }
}

/// Effective variance over weight^2 of dense1 after an import of plain weights.
at::Tensor variance_ratio(const std::string& parameterization, std::optional<double> log_alpha) {
  Network network(spec(R"({"variance_dense": {"out": 6, "bias": true, "log_alpha": -4,
                       "parameterization": ")" +
                       parameterization + "\"}}"));
  network.initialize(1);
  const TensorFile file = sequential();
  const StateDictReport report = load_state_dict(network, file, {"a", {}, log_alpha});
  EXPECT_EQ(report.variances.size(), 1U);
  const VarianceLayer& layer = *network.variance_layers().front();
  const at::Tensor weight = tensor_from_array(tensor(file, "5.weight"));
  if (layer.parameterization().has_mean()) {
    EXPECT_TRUE(at::equal(layer.mean(), weight));
  }
  return layer.weight_variance() / weight.square();
}

TEST(StateDictImport, MasksComeBackWithTheirLayers) {
  const Json json = spec(R"({"variance_dense": {"out": 6, "bias": true}})");
  Network first(json);
  first.initialize(7);
  VarianceLayer& layer = *first.variance_layers().front();
  at::manual_seed(2);
  layer.set_mask(at::rand({6, 16}) < 0.3);
  Snapshot snapshot;
  snapshot.config = "{}";
  store_network(first, snapshot);
  const TensorFile file = state_dict(snapshot);
  const auto marks = tensor(file, "dense1.mask").as<std::uint8_t>();
  ASSERT_EQ(marks.size(), 96U);

  Network second(json);
  second.initialize(8);
  load_state_dict(second, file, {"a", {}, std::nullopt});
  Snapshot back;
  store_network(second, back);
  expect_equal(back.masks, snapshot.masks);
  const at::Tensor variance = second.variance_layers().front()->effective_variance().flatten();
  for (std::size_t i = 0; i < marks.size(); ++i)
    EXPECT_EQ(variance[static_cast<std::int64_t>(i)].item<float>() > 0, marks[i] == 1) << i;

  // A file without one takes an older one away.
  load_state_dict(second, sequential(), {"a", {}, std::nullopt});
  EXPECT_FALSE(second.variance_layers().front()->mask().defined());

  TensorFile bad = file;
  tensor(bad, "dense1.mask").bytes[3] = std::byte{2};
  EXPECT_THAT(error_of(ErrorKind::shape,
                       [&] {
                         load_state_dict(second, bad, {"a", {}, std::nullopt});
                       }),
              HasSubstr("dense1.mask"));
}

TEST(StateDictImport, PlainWeightsBecomeMeansAndLogAlphaGivesTheirVariances) {
  for (const std::string& name : parameterizations().names()) {
    const at::Tensor ratio = variance_ratio(name, -2.0);
    EXPECT_LT((ratio / std::exp(-2.0) - 1).abs().max().item<float>(), tolerance::kFloatGradient)
        << name;
  }
  // Without: the spec's own, where it says one of each weight.
  for (const std::string name : {"layer", "neuron", "weight"}) {
    const at::Tensor ratio = variance_ratio(name, std::nullopt);
    EXPECT_LT((ratio / std::exp(-4.0) - 1).abs().max().item<float>(), tolerance::kFloatGradient)
        << name;
  }
}

TEST(StateDictImport, Float64IsRounded) {
  TensorFile file = sequential();
  Array& bias = tensor(file, "7.bias");
  bias = make_array<double>("7.bias", {3}, std::vector<double>{0.1, -0.2, 1e-60});
  Network network(spec());
  load_state_dict(network, file, {"a", {}, std::nullopt});
  EXPECT_THAT(stored(network).at("dense2/bias").as<float>(),
              testing::ElementsAre(0.1F, -0.2F, 0.0F));
}

TEST(StateDictImport, WhatDoesNotFitIsNamed) {
  const auto refusal = [](ErrorKind kind, auto&& change, const Json& json = spec(),
                          std::optional<double> log_alpha = std::nullopt) {
    TensorFile file = sequential();
    change(file);
    Network network(json);
    network.initialize(1);
    return error_of(kind, [&] { load_state_dict(network, file, {"a.npz", {}, log_alpha}); });
  };
  const auto drop = [](const std::string& name) {
    return [=](TensorFile& file) {
      std::erase_if(file.arrays, [&](const Array& array) { return array.name == name; });
    };
  };
  const auto none = [](TensorFile&) {};
  EXPECT_THAT(refusal(ErrorKind::shape, drop("7.bias")),
              AllOf(HasSubstr("a.npz"), HasSubstr("7.bias [3] is missing"), HasSubstr("dense2")));
  EXPECT_THAT(refusal(ErrorKind::shape, drop("1.running_var")),
              HasSubstr("1.running_var [4] is missing"));
  EXPECT_THAT(
      refusal(ErrorKind::shape,
              [](TensorFile& file) { tensor(file, "1.running_var").name = "1.running_vr"; }),
      AllOf(HasSubstr("1.running_var [4] is missing"), HasSubstr("'1.running_vr'")));
  EXPECT_THAT(refusal(ErrorKind::shape, none, spec(R"({"dense": {"out": 6, "bias": false}})")),
              AllOf(HasSubstr("5.bias [6] has no place in dense1"), HasSubstr("\"bias\": true")));
  EXPECT_THAT(refusal(ErrorKind::shape, none, spec(R"({"dense": {"out": 7}})")),
              AllOf(HasSubstr("5 [6, 16], 7 [3, 6]"), HasSubstr("dense1 [7, 16], dense2 [3, 7]")));
  EXPECT_THAT(refusal(ErrorKind::shape,
                      [](TensorFile& file) {
                        tensor(file, "0.bias").shape = {2, 2};
                      }),
              AllOf(HasSubstr("0.bias has shape [2, 2]"), HasSubstr("[4]")));
  EXPECT_THAT(refusal(ErrorKind::shape,
                      [](TensorFile& file) { file.arrays.push_back(normal_array("lr", {1}, 1)); }),
              HasSubstr("'lr' belongs to no module"));
  EXPECT_THAT(refusal(ErrorKind::shape,
                      [](TensorFile& file) { file.arrays.push_back(normal_array("x.p", {1}, 1)); }),
              HasSubstr("x.p [1]"));
  EXPECT_THAT(refusal(ErrorKind::shape,
                      [](TensorFile& file) {
                        tensor(file, "7.bias") = make_array<std::int32_t>(
                            "7.bias", {3}, std::vector<std::int32_t>{1, 2, 3});
                      }),
              HasSubstr("whole numbers"));
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_THAT(refusal(ErrorKind::numeric,
                      [&](TensorFile& file) {
                        std::memcpy(tensor(file, "7.bias").bytes.data(), &infinity, 4);
                      }),
              HasSubstr("7.bias"));
  EXPECT_THAT(refusal(ErrorKind::usage, none, spec(), -2.0), HasSubstr("--log-alpha"));
  EXPECT_THAT(refusal(ErrorKind::usage, none,
                      spec(R"({"variance_dense": {"out": 6, "bias": true, "parameterization":
                              "zero_centred"}})")),
              HasSubstr("--log-alpha"));
  EXPECT_THAT(refusal(ErrorKind::shape, [](TensorFile& file) { file.arrays.clear(); }),
              HasSubstr("no tensors"));
}

}  // namespace
}  // namespace varphase::test
