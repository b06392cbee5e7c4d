// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/input_gradient.hpp"

#include <cmath>

#include <torch/csrc/autograd/autograd.h>

#include "src/layers/layer.hpp"
#include "tests/analysis/robustness/float_images.hpp"
#include "tests/analysis/robustness/reference_gradient.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/residual.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

/// Every kind, with options that a layer on [4, 6, 6] takes.
std::vector<Json> a_layer_of_every_kind() {
  std::vector<Json> list;
  const std::vector<Json> tried{nullptr, {{"out", 4}, {"kernel", 3}}, {{"out", 5}}, 2, 0.5};
  for (const std::string& kind : layer_kinds().names()) {
    bool made = false;
    for (std::size_t i = 0; i < tried.size() && !made; ++i) {
      try {
        layer_kinds().at(kind).make(tried[i], {4, 6, 6});
        list.push_back({{kind, tried[i]}});
        made = true;
      } catch (const Error&) {  // takes other options
      }
    }
    EXPECT_TRUE(made) << kind << ": no options of it are tried here";
  }
  return list;
}

void expect_same(const Json& layers, const DeviceImages& images, const at::Tensor& target,
                 const MemberDraws& draws) {
  Network network = made(layers, false);
  const InputGradient got = input_gradient(network, images, target, draws);
  const InputGradient wanted = reference(layers, images, target, draws);
  EXPECT_TRUE(close(got.loss, wanted.loss, tolerance::kFloatGradient)) << layers.dump();
  EXPECT_TRUE(close(got.gradient, wanted.gradient, tolerance::kFloatGradient))
      << layers.dump() << " K = " << draws.members;
  EXPECT_GT(wanted.gradient.abs().max().item<double>(), 0) << layers.dump();
}

class InputGradientOf : public testing::Test {
 protected:
  DeviceImages images_ = float_images();
  at::Tensor target_ = (images_.labels + 1).remainder(3);
  NoiseKey key_{7, Stream::attack, 0, 2};
};

TEST_F(InputGradientOf, EveryKindOfLayerIsThatOfFloat64) {
  for (const Json& layer : a_layer_of_every_kind()) {
    for (const Json& layers : networks_with(layer)) {
      for (const std::int64_t members : {0, 1, 3})
        expect_same(layers, images_, target_, {key_, 4, members});
    }
  }
}

TEST_F(InputGradientOf, ANormalizedImageIsByItsPixels) {
  images_.mean = at::full({1}, 0.4, images_.pixels.options());
  images_.inverse_std = at::full({1}, 3.5, images_.pixels.options());
  expect_same(networks_with("relu")[0], images_, target_, {key_, 0, 2});
}

TEST_F(InputGradientOf, AnImageIsTheSameInWhateverBatch) {
  Network network = made(networks_with("relu")[1], false);
  const MemberDraws draws{key_, 2, 3};
  const InputGradient all = input_gradient(network, images_, target_, draws);
  const at::Tensor some = at::tensor({7, 2}, target_.options());
  const InputGradient two =
      input_gradient(network, select_images(images_, some), target_.index_select(0, some), draws);
  EXPECT_TRUE(close(two.gradient, all.gradient.index_select(0, some), tolerance::kFloatSteps));
  const InputGradient others = input_gradient(network, images_, target_, {key_, 5, 3});
  EXPECT_FALSE(close(others.gradient, all.gradient, tolerance::kClearlyOther));
}

TEST_F(InputGradientOf, ByCoarserProductsIsTheSameToTheirDigits) {
  for (const Json& layers : networks_with("relu")) {
    Network network = made(layers, false);
    const MemberDraws draws{key_, 0, 3};
    const InputGradient exact = input_gradient(network, images_, target_, draws);
    for (const GradientPrecision precision : {GradientPrecision::tf32, GradientPrecision::bf16}) {
      const bool rounds = precision == GradientPrecision::bf16 || test_device().is_cuda();
      const InputGradient got = input_gradient(network, images_, target_, draws, precision);
      EXPECT_EQ(got.gradient.scalar_type(), at::kFloat);
      EXPECT_EQ(got.gradient.equal(exact.gradient), !rounds) << layers.dump();
      const bool bf16 = precision == GradientPrecision::bf16;
      EXPECT_TRUE(
          close(got.loss, exact.loss, bf16 ? tolerance::kBfloat16Step : tolerance::kTf32Step))
          << layers.dump();
      // Rounding may move an entry across a ReLU's kink, so that gradients are held to their length.
      EXPECT_LT(((got.gradient - exact.gradient).norm() / exact.gradient.norm()).item<double>(),
                bf16 ? tolerance::kBfloat16Gradient : tolerance::kTf32Gradient)
          << layers.dump();
    }
  }
}

TEST_F(InputGradientOf, SeveralNetworksIsOfTheirMeanPrediction) {
  std::vector<InputGradient> own;
  at::Tensor p, weighted;
  for (const std::uint64_t seed : {3, 4}) {
    Network network = made(networks_with("relu")[0], false);
    network.initialize(seed);
    network.to(test_device());
    own.push_back(input_gradient(network, images_, target_, {key_, 0, 2}));
    const at::Tensor q = (-own.back().loss).exp();
    p = p.defined() ? p + q : q;
    const at::Tensor part = q.unsqueeze(1) * own.back().gradient;
    weighted = weighted.defined() ? weighted + part : part;
  }
  const InputGradient got = mean_over_networks(own);
  EXPECT_TRUE(close(got.loss, -(p / 2).log(), tolerance::kFloatSteps));
  EXPECT_TRUE(close(got.gradient, weighted / p.unsqueeze(1), tolerance::kFloatSteps));
}

TEST_F(InputGradientOf, ANetworkOfNestedLayersIsThatOfAllItsMembers) {
  Network network(residual_network(), kinds_with_residual());
  network.initialize(4);
  network.to(test_device());
  const Shape& input = network.input();
  DeviceImages images = images_;
  images.channels = input[0];
  images.height = input[1];
  images.width = input[2];
  images.pixels = at::arange(images.count() * element_count(input), images.pixels.options())
                      .reshape({images.count(), -1})
                      .remainder(251);
  const at::Tensor pixels = images.pixels.clone().set_requires_grad(true);
  at::Tensor p;
  for (std::int64_t k = 0; k < 3; ++k) {
    const Forward how{Mode::sampled, false, key_, images.example,
                      at::full({1}, k, target_.options())};
    const at::Tensor own = at::softmax(network.forward(network_input(images, pixels), how), 1)
                               .gather(1, target_.unsqueeze(1));
    p = p.defined() ? p + own : own;
  }
  const at::Tensor wanted = torch::autograd::grad({-p.log().sum()}, {pixels})[0];
  const InputGradient got = input_gradient(network, images, target_, {key_, 0, 3});
  EXPECT_TRUE(close(got.gradient, wanted, tolerance::kFloatGradient));
}

TEST_F(InputGradientOf, DropoutIsByOtherMasksThanThoseThatJudge) {
  const Json layers{{{"dropout", 0.5}}, {{"dense", {{"out", 3}}}}};
  Network network = made(layers, false);
  const auto by = [&](Stream stream) {
    return input_gradient(network, images_, target_, {{7, stream, 0, 2}, 0, 1}).gradient;
  };
  const at::Tensor attack = by(Stream::attack);
  for (const Stream other : {Stream::attack_judge, Stream::evaluation})
    EXPECT_FALSE(close(by(other), attack, tolerance::kClearlyOther));
}

TEST_F(InputGradientOf, WantsFloatsAndATargetAnImage) {
  Network network = made(networks_with("relu")[0], false);
  EXPECT_THROW(input_gradient(network, striped_images(), target_, {}), Error);
  EXPECT_THROW(input_gradient(network, images_, target_.narrow(0, 0, 3), {}), Error);
}

TEST(FloatImages, AreGivenToANetworkAsBytesAre) {
  DeviceImages bytes = striped_images(), floats = float_images();
  for (const bool normalized : {false, true}) {
    if (normalized) {
      for (DeviceImages* images : {&bytes, &floats}) {
        images->mean = at::full({1}, 0.3, images->pixels.options().dtype(at::kFloat));
        images->inverse_std = at::full({1}, 2.7, images->mean.options());
      }
    }
    const ImageBatch wanted = slice_batch(bytes, 3, 6), got = slice_batch(floats, 3, 6);
    EXPECT_TRUE(got.images.equal(wanted.images));
    EXPECT_TRUE(got.labels.equal(wanted.labels));
    EXPECT_TRUE(got.example.equal(wanted.example));
  }
}

/// Members of the golden attack as one layer: a mean and no noise, so one network a member.
TEST(GoldenAttack, HasItsGradients) {
  const Json& g = golden()["attack"];
  const at::Tensor w = golden_tensor(g["W"]), b = golden_tensor(g["b"]);
  const at::Tensor target = at::full({1}, g["target"].get<std::int64_t>(), at::kLong);
  std::vector<Network> networks;
  for (std::int64_t k = 0; k < w.size(0); ++k) {
    networks.emplace_back(
        Json{{"input", {1, 2, 2}}, {"classes", 3}, {"layers", {{{"dense", {{"out", 3}}}}}}});
    // The golden numbers are of pixels as they are; a network is given a 255th.
    *networks.back().parameters()[0].parameter.tensor = (w[k] * 255).to(at::kFloat);
    *networks.back().parameters()[1].parameter.tensor = b[k].to(at::kFloat);
  }
  at::Tensor x = golden_tensor(g["x0"]).reshape({1, 4}).to(at::kFloat);
  for (std::size_t t = 0; t < g["before_step"].size(); ++t) {
    const DeviceImages images{x, target, at::zeros({1}, at::kLong), 1, 2, 2};
    std::vector<InputGradient> own;
    for (Network& network : networks) own.push_back(input_gradient(network, images, target, {}));
    const InputGradient got = mean_over_networks(own);
    EXPECT_NEAR(got.loss.item<double>(), g["before_step"][t]["ce"].get<double>(),
                tolerance::kFloatSteps);
    EXPECT_TRUE(close(got.gradient[0], golden_tensor(g["before_step"][t]["grad"]),
                      tolerance::kFloatShare));  // of probabilities near a third, which cancel
    x = (x - 0.5 * got.gradient.sign()).clamp(0, 255);
    EXPECT_TRUE(close(x[0], golden_tensor(g["x_after_step"][t]), tolerance::kFloatProduct));
  }
}

}  // namespace
}  // namespace varphase
