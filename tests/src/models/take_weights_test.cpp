// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/models/take_weights.hpp"

#include "tests/support/golden.hpp"

namespace varphase {
namespace {

using Names = std::vector<std::string>;

Network network_of(const std::string& dense, std::uint64_t seed) {
  Network network(Json::parse(R"({"input": [1, 6, 6], "classes": 3, "layers": [
    {"conv2d": {"out": 2, "kernel": 3}}, "batch_norm", "relu", )" +
                              dense + R"(, "relu", {"dense": {"out": 3}}]})"));
  network.initialize(seed);
  return network;
}

at::Tensor value(const Network& network, const std::string& name) {
  for (const auto& entry : network.parameters()) {
    if (entry.name == name) return *entry.parameter.tensor;
  }
  ADD_FAILURE() << "no " << name;
  return {};
}

Snapshot stored(const Network& network) {
  Snapshot snapshot;
  store_network(network, snapshot);
  return snapshot;
}

TEST(TakeWeights, APlainNetworkGivesItsWeightsAsMeans) {
  const Network plain = network_of(R"({"dense": {"out": 5, "bias": false}})", 1);
  Network variance = network_of(R"({"variance_dense": {"out": 5, "log_alpha": -3}})", 2);
  const TakenWeights taken = take_weights(variance, stored(plain));
  EXPECT_TRUE(at::equal(value(variance, "dense1/mean"), value(plain, "dense1/weight")));
  EXPECT_TRUE(at::equal(value(variance, "conv1/weight"), value(plain, "conv1/weight")));
  EXPECT_TRUE(at::equal(value(variance, "dense2/bias"), value(plain, "dense2/bias")));
  EXPECT_EQ(value(variance, "dense1/log_alpha").item<double>(), -3);
  ASSERT_EQ(taken.renamed.size(), 1U);
  EXPECT_EQ(taken.renamed[0].first, "dense1/weight");
  EXPECT_EQ(taken.renamed[0].second, "dense1/mean");
  EXPECT_EQ(taken.own, Names{"dense1/log_alpha"});
  EXPECT_TRUE(taken.unused.empty());
  EXPECT_EQ(taken.same.size(), 8U);  // conv1: 2, batch_norm1: 2 and 2 buffers, dense2: 2
}

TEST(TakeWeights, AVarianceNetworkGivesAllItHas) {
  const Network first = network_of(R"({"variance_dense": {"out": 5, "log_alpha": 4}})", 1);
  Network second = network_of(R"({"variance_dense": {"out": 5}})", 2);
  const TakenWeights taken = take_weights(second, stored(first));
  for (const auto& entry : first.parameters())
    EXPECT_TRUE(at::equal(*entry.parameter.tensor, value(second, entry.name))) << entry.name;
  EXPECT_TRUE(taken.own.empty());
  Network plain = network_of(R"({"dense": {"out": 5, "bias": false}})", 3);
  EXPECT_EQ(take_weights(plain, stored(first)).unused, Names{"dense1/log_alpha"});
  EXPECT_TRUE(at::equal(value(plain, "dense1/weight"), value(first, "dense1/mean")));
}

TEST(TakeWeights, AnotherArchitectureIsRefused) {
  const auto refused = [](Network network, const Snapshot& from, const std::string& words) {
    try {
      take_weights(network, from);
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::shape));
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  const Network wide = network_of(R"({"dense": {"out": 7}})", 1);
  refused(network_of(R"({"variance_dense": {"out": 5}})", 2), stored(wide),
          "dense1/weight has shape [7, 32], this network's dense1/mean wants [5, 32]");
  Snapshot foreign;
  foreign.parameters.push_back(make_array<float>("attention1/query", {1}, std::vector<float>{1}));
  refused(network_of(R"({"dense": {"out": 5}})", 2), foreign, "another architecture");
}

}  // namespace
}  // namespace varphase
