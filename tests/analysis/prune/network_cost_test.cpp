// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/network_cost.hpp"

#include <cmath>

#include "tests/analysis/prune/plain_network.hpp"

namespace varphase {
namespace {

TEST(Cost, CountsMultiplyAddsAndBytesByHand) {
  PlainNetwork plain;
  const Network& network = plain.network;
  const auto& conv = dynamic_cast<const VarianceLayer&>(*network.layers()[0]);
  const auto& dense = dynamic_cast<const VarianceLayer&>(*network.layers()[3]);
  // conv1: 4 * 2 * 9 = 72 weights at 25 places; dense1: 5 * 100 weights at one.
  const LayerCost zero = layer_cost(conv, "zero", 6, false),
                  mean = layer_cost(dense, "mean", 25, false);
  EXPECT_EQ(zero.weights, 72);
  EXPECT_EQ(zero.full.mean, 1800);
  EXPECT_EQ(zero.full.moments, 3600);
  EXPECT_EQ(zero.pruned.mean, 150);
  EXPECT_EQ(zero.pruned.moments, 300);
  EXPECT_EQ(zero.dense_bytes, 288);
  EXPECT_EQ(zero.stored_bytes, 4 * (5 + 3 * 6));
  EXPECT_DOUBLE_EQ(zero.weight_compression(), 12);
  EXPECT_DOUBLE_EQ(zero.byte_compression(), 288.0 / 92);
  EXPECT_EQ(mean.pruned.mean, 500);
  EXPECT_EQ(mean.pruned.moments, 525);
  EXPECT_EQ(mean.stored_bytes, 63 + 4 * (500 + 25));
  EXPECT_EQ(layer_cost(conv, "zero", 6, true).stored_bytes, 4 * (5 + 2 * 6 + 1));
  EXPECT_EQ(layer_cost(dense, "mean", 25, true).stored_bytes, 63 + 4 * (500 + 1));
  EXPECT_TRUE(std::isinf(layer_cost(dense, "zero", 0, true).weight_compression()));

  const NetworkCost cost = network_cost(network, {zero, mean});
  // dense2 has 5 * 6 weights, dense3 6 * 3.
  EXPECT_EQ(cost.full.mean, 1800 + 500 + 30 + 18);
  EXPECT_EQ(cost.full.moments, 3600 + 1000 + 30 + 18);
  EXPECT_EQ(cost.pruned.mean, 150 + 500 + 48);
  EXPECT_EQ(cost.pruned.moments, 300 + 525 + 48);
}

}  // namespace
}  // namespace varphase
