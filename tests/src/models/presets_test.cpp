// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/models/presets.hpp"

#include "src/models/network.hpp"
#include "src/train/train_config.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"

namespace varphase {
namespace {

RunConfig config_of(const std::string& name) {
  Json json = preset(name);
  json.erase("about");
  RunConfig config;
  assign_fields(config, json);
  return config;
}

TEST(EveryPreset, TakesATrainingStep) {
  for (const std::string& name : preset_names()) {
    Network network(config_of(name).network);
    network.initialize(1);
    network.to(test_device());
    network.require_gradients();
    Shape shape = network.input();
    shape.insert(shape.begin(), 3);
    at::manual_seed(1);
    const at::Tensor x = at::rand(shape).to(test_device());
    const at::TensorOptions options = at::TensorOptions(at::kLong).device(test_device());
    const Forward how{Mode::sampled,
                      true,
                      {1, Stream::training, 0, 0},
                      at::arange(3, options),
                      at::zeros({1}, options)};
    const at::Tensor logits = network.forward(x, how);
    ASSERT_EQ(logits.sizes().vec(), (Shape{3, network.classes()})) << name;
    at::Tensor loss = at::cross_entropy_loss(logits, at::arange(3, options));
    const at::Tensor kl = network.kl(how, at::zeros({1}, options));
    if (kl.defined()) loss = loss + kl;
    loss.backward();
    for (const auto& entry : network.parameters()) {
      ASSERT_TRUE(entry.parameter.tensor->grad().defined()) << name << " " << entry.name;
      EXPECT_TRUE(at::isfinite(entry.parameter.tensor->grad()).all().item<bool>())
          << name << " " << entry.name;
    }
  }
}

// Table 1 and section 6.1 of the paper, and appendix D: which layers are variance layers.
TEST(Presets, HaveTheVarianceLayersOfThePaper) {
  const std::pair<const char*, std::vector<std::string>> rows[] = {
      {"lenet5", {"dense1"}},
      {"lenet5-all", {"conv1", "conv2", "dense1", "dense2"}},
      {"lenet5-dropout", {}},
      {"lenet5-zero-centred", {"dense1"}},
      {"lenet300", {"dense1", "dense2"}},
      {"vgg", {"conv11", "conv12", "conv13", "dense1"}},
      {"vgg-dropout", {}},
      {"toy", {"dense5"}}};
  for (const auto& [name, wanted] : rows) {
    const Network network(config_of(name).network);
    std::vector<std::string> layers;
    for (const VarianceLayer* layer : network.variance_layers()) layers.push_back(layer->name());
    EXPECT_EQ(layers, wanted) << name;
  }
}

TEST(Presets, HaveTheSizesOfThePaper) {
  // Convolutions, two numbers of batch norm a channel, two dense layers, one bias: by hand.
  const Network vgg(config_of("vgg").network);
  const std::int64_t convolutions = 9 * (3 * 64 + 64 * 64 + 64 * 128 + 128 * 128 + 128 * 256 +
                                         2 * 256 * 256 + 256 * 512 + 5 * 512 * 512);
  const std::int64_t norms = 2 * (2 * 64 + 2 * 128 + 3 * 256 + 6 * 512 + 512);
  EXPECT_EQ(vgg.weight_count(), convolutions + norms + 512 * 512 + 512 * 10 + 10);
  const Network lenet(config_of("lenet5").network);
  EXPECT_EQ(lenet.weight_count(),
            25 * 20 + 25 * 20 * 50 + 800 * 500 + 500 * 10 + 2 * (20 + 50 + 500));
}

}  // namespace
}  // namespace varphase
