// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "src/layers/variance_layer.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/training_checks.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/small_training.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

/// A variance convolution and a variance dense layer, with the blocks that are fused behind both.
Json two_variance_layers(const std::string& parameterization,
                         const std::string& prior = "log_uniform") {
  Json spec = Json::parse(R"({"input": [1, 8, 8], "classes": 3, "layers": [
    {"variance_conv2d": {"out": 4, "kernel": 3}}, "batch_norm", "relu", {"max_pool": 2},
    {"variance_dense": {"out": 6}}, "batch_norm", "softplus", {"dense": {"out": 3}}]})");
  for (const auto& [position, kind] :
       {std::pair{0, "variance_conv2d"}, std::pair{4, "variance_dense"}}) {
    spec["layers"][position][kind]["parameterization"] = parameterization;
    spec["layers"][position][kind]["prior"] = prior;
  }
  return spec;
}

at::Tensor some_kept(const VarianceLayer& layer) {
  at::manual_seed(12);
  return at::rand(layer.mean().sizes()) < 0.4;
}

enum class Rule { zero, mean, all, none };

Network masked_network(const Json& spec, Rule rule) {
  Network network(spec);
  network.initialize(5);
  for (VarianceLayer* layer : network.variance_layers()) {
    if (rule == Rule::zero) layer->drop(some_kept(*layer));
    if (rule == Rule::mean) layer->set_mask(some_kept(*layer));
    if (rule == Rule::all) layer->set_mask(at::ones(layer->mean().sizes(), at::kBool));
  }
  network.to(test_device());
  return network;
}

TrainConfig config_of(const std::string& optimizer) {
  TrainConfig config = small_training();
  config.optimizer = optimizer;
  config.learning_rate = optimizer == "sgd" ? 0.05 : 0.01;
  return config;
}

const Array* find(const std::vector<Array>& arrays, const std::string& name) {
  for (const Array& array : arrays) {
    if (array.name == name) return &array;
  }
  return nullptr;
}

/// Dropped entries of what has a weight's shape, in a snapshot: parameters and moments.
void for_dropped(
    const Snapshot& snapshot,
    const std::function<void(const std::string& name, const at::Tensor& dropped)>& see) {
  for (const Array& mask : snapshot.masks) {
    const std::string layer = mask.name.substr(0, mask.name.rfind('/'));
    const at::Tensor gone = tensor_from_array(mask) == 0;
    ASSERT_GT(gone.sum().item<std::int64_t>(), 0);
    for (const auto* arrays : {&snapshot.parameters, &snapshot.optimizer}) {
      for (const Array& array : *arrays) {
        if (array.name.rfind(layer + "/", 0) == 0 && array.shape == mask.shape)
          see(array.name, tensor_from_array(array).masked_select(gone));
      }
    }
  }
}

TEST(MaskedTraining, LeavesDroppedWeightsAndTheirMomentsAsTheyAre) {
  for (const std::string& optimizer : optimizers().names()) {
    for (const std::string& parameterization : parameterizations().names()) {
      for (const Rule rule : {Rule::zero, Rule::mean}) {
        TrainConfig config = config_of(optimizer);
        if (rule == Rule::zero) config.weight_decay = 1e-2;
        const Json spec = two_variance_layers(parameterization);
        Snapshot begun;
        store_network(masked_network(spec, rule), begun);
        const Snapshot end = trained_on(masked_network(spec, rule), config, 3, 0);
        ASSERT_EQ(end.masks.size(), 2U);
        int seen = 0;
        for_dropped(end, [&](const std::string& name, const at::Tensor& dropped) {
          const Array* first = find(begun.parameters, name);
          const std::string what = optimizer + " " + parameterization + " " + name;
          if (first == nullptr) {  // a moment
            EXPECT_TRUE((dropped == 0).all().item<bool>()) << what;
          } else {
            const Array* mask = find(end.masks, name.substr(0, name.rfind('/')) + "/kept");
            const at::Tensor gone = tensor_from_array(*mask) == 0;
            EXPECT_TRUE(at::equal(dropped, tensor_from_array(*first).masked_select(gone))) << what;
            const bool is_mean = name.substr(name.rfind('/')) == "/mean";
            if (rule == Rule::zero && is_mean) {
              EXPECT_TRUE((dropped == 0).all().item<bool>()) << what;
            }
            ++seen;
          }
        });
        EXPECT_GE(seen, 2) << parameterization;
        EXPECT_FALSE(same_arrays(begun, end));
      }
    }
  }
}

// To rounding: the masked sums of the KL are taken in another order.
TEST(MaskedTraining, KeepingAllEqualsNoMask) {
  for (const std::string& parameterization : parameterizations().names()) {
    for (const std::string& prior : priors().names()) {
      if (!priors().at(prior)({})->allows(parameterization)) continue;
      const Json spec = two_variance_layers(parameterization, prior);
      const Snapshot all = trained_on(masked_network(spec, Rule::all), config_of("adam"), 2, 0);
      const Snapshot none = trained_on(masked_network(spec, Rule::none), config_of("adam"), 2, 0);
      EXPECT_EQ(all.masks.size(), 2U);
      for (const Array& array : none.parameters) {
        const Array* other = find(all.parameters, array.name);
        ASSERT_NE(other, nullptr);
        EXPECT_TRUE(
            close(tensor_from_array(*other), tensor_from_array(array), tolerance::kFloatTraining))
            << parameterization << ' ' << prior << ' ' << array.name;
      }
    }
  }
}

TEST(MaskedTraining, ResumesBitForBit) {
  for (const std::string& optimizer : optimizers().names()) {
    for (const std::string& parameterization : parameterizations().names()) {
      const TrainConfig config = config_of(optimizer);
      const Json spec = two_variance_layers(parameterization);
      const Snapshot whole = trained_on(masked_network(spec, Rule::zero), config, 4, 0);
      EXPECT_TRUE(same_arrays(whole, trained_on(masked_network(spec, Rule::zero), config, 2, 2)))
          << optimizer << ' ' << parameterization;
      if (parameterization != "zero_centred") {  // which has no means to hold
        EXPECT_FALSE(
            same_arrays(whole, trained_on(masked_network(spec, Rule::mean), config, 4, 0)));
      }
    }
  }
}

TEST(MaskedTraining, CountsKeptWeightsAlone) {
  const Json spec = two_variance_layers("layer");
  const DeviceImages images = to_device(small_images(), Split::train, test_device());
  Network network = masked_network(spec, Rule::zero);
  const Trainer trainer(network, images, small_training());
  double wanted = 0;
  for (const VarianceLayer* layer : network.variance_layers()) {
    const double s = 1 / (1 + std::exp(-(1.87320 + 1.48695 * -5)));
    wanted +=
        layer->mask().sum().item<double>() * (0.63576 * (1 - s) + 0.5 * std::log1p(std::exp(5.0)));
  }
  EXPECT_NEAR(trainer.kl(), wanted, tolerance::kDoubleBackward * wanted);
  for (const auto& [layer, sparsity] : trainer.sparsity()) {
    EXPECT_GT(sparsity, 0.4) << layer;
    EXPECT_LT(sparsity, 0.8) << layer;
  }
  EXPECT_EQ(trainer.sparsity().size(), 2U);
  EXPECT_EQ(trainer.log_alpha().at("dense1"), -5);
}

TEST(MaskedTraining, WhatIsDroppedOnTheWayStaysDropped) {
  for (const std::string& optimizer : optimizers().names()) {
    set_numerics(true, false);
    const Json spec = two_variance_layers("additive");
    const DeviceImages images = to_device(small_images(), Split::train, test_device());
    Network network = masked_network(spec, Rule::all);
    Trainer trainer(network, images, config_of(optimizer));
    run_epochs(trainer, 2);
    for (VarianceLayer* layer : network.variance_layers()) trainer.drop(*layer, some_kept(*layer));
    const Snapshot halfway = trainer.snapshot();
    run_epochs(trainer, 2);
    const Snapshot end = trainer.snapshot();
    for_dropped(end, [&](const std::string& name, const at::Tensor& dropped) {
      if (name.find("log_sigma2") == std::string::npos || find(end.optimizer, name) != nullptr) {
        EXPECT_TRUE((dropped == 0).all().item<bool>()) << optimizer << ' ' << name;
      }
    });
    EXPECT_FALSE(same_arrays(halfway, end));
    Network other(spec);
    other.to(test_device());
    Trainer resumed(other, images, config_of(optimizer));
    resumed.restore(halfway);
    run_epochs(resumed, 2);
    EXPECT_TRUE(same_arrays(end, resumed.snapshot())) << optimizer;
  }
}

void refused(const TrainConfig& config, Rule rule, const std::string& words) {
  const Network network = masked_network(two_variance_layers("layer"), rule);
  try {
    check_masks(config, network);
    FAIL() << "accepted: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::usage));
    EXPECT_THAT(error.what(), testing::HasSubstr(words));
  }
}

TEST(MaskedTraining, SaysWhatWouldMoveDroppedWeights) {
  TrainConfig config = small_training();
  config.epsilon = 0;
  refused(config, Rule::zero, "train.epsilon wants more than 0");
  config = small_training();
  config.weight_decay = 0.1;
  refused(config, Rule::mean, "train.weight_decay 0.1 would change the means");
  EXPECT_NO_THROW(check_masks(config, masked_network(two_variance_layers("layer"), Rule::zero)));
  config.epsilon = 0;
  EXPECT_NO_THROW(check_masks(config, masked_network(two_variance_layers("layer"), Rule::none)));
}

TEST(MaskedTraining, PrunesTheLeastByScoreThenFlatIndex) {
  TrainConfig config = small_training();
  config.prune_sparsity = 0.9;
  const DeviceImages images = to_device(small_images(), Split::train, test_device());
  Network network = masked_network(two_variance_layers("layer"), Rule::none);
  Trainer trainer(network, images, config);
  VarianceLayer& dense = *network.variance_layers()[1];
  ASSERT_TRUE(dense.mask().defined());
  // Scores 0 0 1 1 2 2 ... by flat index, of the second layer reversed.
  const auto rising = [&](const VarianceLayer& layer) {
    const at::Tensor s = at::arange(layer.mean().numel(), at::kDouble).div(2, "floor");
    return (&layer == &dense ? s.flip(0) : s).to(test_device());
  };
  trainer.prune(0.3, rising);
  const at::Tensor first = dense.mask().clone();
  const std::int64_t count = first.numel(), gone = static_cast<std::int64_t>(0.3 * count);
  EXPECT_EQ(first.sum().item<std::int64_t>(), count - gone);
  EXPECT_FALSE(first.flatten().narrow(0, count - gone + 1, gone - 1).any().item<bool>());
  const at::Tensor conv = network.variance_layers()[0]->mask().flatten();  // 36 weights
  EXPECT_FALSE(conv.narrow(0, 0, 10).any().item<bool>());
  EXPECT_TRUE(conv.narrow(0, 10, 26).all().item<bool>());
  // The other way round now: what is dropped stays dropped.
  trainer.prune(0.5, [&](const VarianceLayer& layer) { return -rising(layer); });
  EXPECT_EQ(dense.mask().sum().item<std::int64_t>(), count - count / 2);
  EXPECT_FALSE(dense.mask().logical_and(first.logical_not()).any().item<bool>());
  try {
    trainer.prune(0.6, [&](const VarianceLayer& layer) {
      return at::full(layer.mean().sizes(), std::nan(""), at::kDouble).to(test_device());
    });
    FAIL() << "NaN was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::numeric));
  }
}

TEST(MaskedTraining, SaysWhatContradictsPruningOnTheWay) {
  TrainConfig config = small_training();
  config.prune_sparsity = 0.5;
  config.prune_begin = 4;
  EXPECT_THROW(check_training(config, 40), Error);
  config.prune_begin = 0;
  config.prune_end = 5;
  EXPECT_THROW(check_training(config, 40), Error);
  config.prune_end = 4;
  EXPECT_NO_THROW(check_training(config, 40));
  config.prune_criterion = "magnitude";
  const Network centred = masked_network(two_variance_layers("zero_centred"), Rule::none);
  EXPECT_THROW(check_masks(config, centred), Error);
  const Network plain(
      Json::parse(R"({"input": [1, 8, 8], "classes": 3, "layers": [{"dense": {"out": 3}}]})"));
  EXPECT_THROW(check_masks(config, plain), Error);
}

}  // namespace
}  // namespace varphase
