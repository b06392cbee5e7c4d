// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// A layer that holds layers: whatever is asked of every layer must reach those within.
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "src/models/network.hpp"
#include "src/noise/normal_fill.hpp"
#include "src/train/training_checks.hpp"
#include "tests/src/variance/reference.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/residual.hpp"
#include "tests/support/small_training.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Network made(std::uint64_t seed = 4) {
  Network network(residual_network(), kinds_with_residual());
  network.initialize(seed);
  return network;
}

DeviceImages images() { return to_device(small_images(), Split::train, test_device()); }

VarianceLayer& variance(Network& network, const std::string& name) {
  return *network.layer(name).as_variance();
}

/// The network in plain float64 Torch, in eval mode. @param noise of each variance layer's output
at::Tensor by_hand(Network& network, const at::Tensor& images,
                   const std::function<at::Tensor(const Layer&, const at::Tensor&)>& noise) {
  std::map<std::string, at::Tensor> all;
  for (const auto& [name, parameter] : network.parameters())
    all[name] = parameter.tensor->detach().to(at::kDouble);
  for (const auto& [name, buffer] : network.buffers())
    all[name] = buffer.tensor->detach().to(at::kDouble);
  const auto draw = [&](const std::string& layer, const at::Tensor& x, const at::Tensor& bias) {
    const at::Tensor mean = all.at(layer + "/mean"), a = x;
    const at::Tensor var = all.at(layer + "/log_alpha").exp() * mean.square();
    const at::Tensor m = at::linear(a, mean, bias), v = at::linear(a.square(), var);
    return m + noise(network.layer(layer), m) * (v + 1e-16).sqrt();
  };
  const auto norm = [&](const std::string& layer, const at::Tensor& x) {
    return (x - all.at(layer + "/running_mean")) / (all.at(layer + "/running_var") + 1e-5).sqrt() *
               all.at(layer + "/weight") +
           all.at(layer + "/bias");
  };
  const at::Tensor x =
      at::linear(images.to(at::kDouble).flatten(1), all.at("dense1/weight"), all.at("dense1/bias"));
  const at::Tensor h =
      norm("block1.batch_norm1", draw("block1.dense1", x, all.at("block1.dense1/bias"))).tanh();
  const at::Tensor inner = h + draw("block1.block1.dense1", h, {});
  const at::Tensor z = norm("batch_norm1", draw("dense2", x + inner, {})).tanh();
  return at::linear(z, all.at("dense3/weight"), all.at("dense3/bias"));
}

TEST(NestedLayers, HaveNamesAndNumbersOfTheirOwn) {
  Network network = made();
  std::vector<std::string> names;
  std::vector<int> numbers;
  for (const Layer* layer : network.modules()) {
    names.push_back(layer->name());
    numbers.push_back(layer->number());
  }
  EXPECT_THAT(names, ElementsAre("dense1", "block1", "block1.dense1", "block1.batch_norm1",
                                 "block1.tanh1", "block1.block1", "block1.block1.dense1", "dense2",
                                 "batch_norm1", "tanh1", "dense3"));
  // Those of the list are numbered as without the ones within.
  EXPECT_THAT(numbers, ElementsAre(0, 1, 6, 7, 8, 9, 10, 2, 3, 4, 5));
}

TEST(NestedLayers, GiveTheirParametersAndBuffers) {
  Network network = made();
  // dense1 64 * 6 + 6, block1.dense1 6 * 6 + 6, its norm 12, block1.block1.dense1 36, dense2 30,
  // batch_norm1 10, dense3 15 + 3.
  EXPECT_EQ(network.weight_count(), 390 + 42 + 12 + 36 + 30 + 10 + 18);
  EXPECT_EQ(network.buffers().size(), 4U);
  EXPECT_EQ(network.buffers().front().name, "block1.batch_norm1/running_mean");
  EXPECT_EQ(network.variance_layers().size(), 3U);
  network.require_gradients();
  EXPECT_TRUE(variance(network, "block1.block1.dense1").mean().requires_grad());
  network.to(at::kDouble);
  EXPECT_EQ(variance(network, "block1.block1.dense1").theta().scalar_type(), at::kDouble);
}

TEST(NestedLayers, AddTheirKl) {
  Network network = made();
  network.to(at::kDouble);
  at::Tensor wanted = at::zeros({}, at::kDouble);
  for (const char* name : {"block1.dense1", "block1.block1.dense1", "dense2"}) {
    const VarianceLayer& layer = variance(network, name);
    wanted =
        wanted + reference::log_uniform_approximation(layer.theta().expand_as(layer.mean())).sum();
  }
  EXPECT_TRUE(close(network.kl(Forward{}, {}), wanted, tolerance::kDoubleSum));
}

TEST(NestedLayers, AreRunInTheModeThatIsAsked) {
  Network network = made();
  at::manual_seed(3);
  for (auto& entry : network.buffers())
    *entry.buffer.tensor = at::rand(entry.buffer.tensor->sizes()) + 0.5;
  network.to(test_device());
  const at::Tensor x = at::rand({5, 1, 8, 8});
  const auto none = [](const Layer&, const at::Tensor& m) { return at::zeros_like(m); };
  const at::NoGradGuard no_gradients;
  EXPECT_EQ(network.first_noise(), 1U);
  at::Tensor got = network.forward(x.to(test_device()), Forward{});
  network.to(at::kCPU);
  EXPECT_TRUE(close(got, by_hand(network, x, none), tolerance::kFloatGradient));

  const NoiseKey key{9, Stream::evaluation, 0, 0};
  const auto numbers = [&](const Layer& layer, const at::Tensor& m) {
    NoiseKey own = key;
    own.layer = layer.number();
    at::Tensor eps = at::empty(m.sizes(), at::kDouble);
    for (std::int64_t n = 0; n < m.size(0); ++n) {
      for (std::int64_t j = 0; j < m.size(1); ++j)
        eps[n][j] = normal_at(own, static_cast<std::uint32_t>(n), 2, static_cast<std::uint64_t>(j));
    }
    return eps;
  };
  network.to(test_device());
  const Forward sampled{Mode::sampled, false, key, at::arange(5, at::kLong).to(test_device()),
                        at::full({1}, 2, at::kLong).to(test_device())};
  got = network.forward(x.to(test_device()), sampled);
  network.to(at::kCPU);
  EXPECT_TRUE(close(got, by_hand(network, x, numbers), tolerance::kFloatGradient));
}

TEST(NestedLayers, AreStoredLoadedAndCopiedWithTheirMasks) {
  Network from = made(4), into = made(5), copied = made(6);
  variance(from, "block1.block1.dense1").drop(at::rand({6, 6}) > 0.5);
  Snapshot snapshot;
  store_network(from, snapshot);
  ASSERT_EQ(snapshot.masks.size(), 1U);
  EXPECT_EQ(snapshot.masks.front().name, "block1.block1.dense1/kept");
  load_network(into, snapshot);
  copy_network(from, copied);
  for (Network* other : {&into, &copied}) {
    Snapshot again;
    store_network(*other, again);
    EXPECT_TRUE(same_arrays(snapshot, again));
  }
}

TEST(NestedLayers, AreTrainedAndResumedBitForBit) {
  const DeviceImages set = images();
  set_numerics(true, false);
  const auto trained = [&](std::int64_t before, std::int64_t after) {
    Network network = made();
    network.to(test_device());
    Trainer trainer(network, set, small_training());
    const EpochReport report = run_epochs(trainer, before);
    EXPECT_EQ(report.log_alpha.size(), 3U);
    EXPECT_NEAR(report.kl, network.kl(Forward{}, {}).item<double>(),
                tolerance::kFloatSteps * report.kl);
    if (after == 0) return trainer.snapshot();
    Network second = made(8);
    second.to(test_device());
    Trainer resumed(second, set, small_training());
    resumed.restore(trainer.snapshot());
    run_epochs(resumed, after);
    return resumed.snapshot();
  };
  const Snapshot once = trained(4, 0);
  EXPECT_TRUE(same_arrays(once, trained(2, 2)));
  Snapshot start;
  store_network(made(), start);
  for (std::size_t i = 0; i < start.parameters.size(); ++i)
    EXPECT_NE(start.parameters[i].bytes, once.parameters[i].bytes) << start.parameters[i].name;
  for (std::size_t i = 0; i < start.buffers.size(); ++i)
    EXPECT_NE(start.buffers[i].bytes, once.buffers[i].bytes) << start.buffers[i].name;
}

TEST(NestedLayers, OfOneValueAChannelAreRefusedWithTheirNorm) {
  Network network = made();
  network.to(test_device());
  TrainConfig config = small_training();
  config.batch_size = 1;
  try {
    check_batch_norm(config, network);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("block1.batch_norm1"));
  }
}

TEST(NestedLayers, HaveNoPositionAndSaySo) {
  const Network network = made();
  EXPECT_EQ(network.position("dense2"), 2U);
  for (const char* name : {"block1.dense1", ""}) {  // the first variance layer is that one
    try {
      network.position(name);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      EXPECT_THAT(error.what(), HasSubstr("block1.dense1 lies within another layer"));
    }
  }
  EXPECT_THROW(network.layer("block1.dense2"), Error);
}

}  // namespace
}  // namespace varphase
