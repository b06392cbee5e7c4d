// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/attack.hpp"

#include "analysis/robustness/aim.hpp"
#include "analysis/robustness/random_start.hpp"
#include "tests/analysis/robustness/float_images.hpp"
#include "tests/analysis/robustness/reference_gradient.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

AttackRequest request_of(AttackMethod method, double epsilon) {
  AttackRequest request;
  request.method = method;
  request.epsilon = epsilon;
  request.steps = 4;
  request.samples = 3;
  set_defaults(request);
  request.seed = 7;
  return request;
}

/// Step by step in float64, each gradient by whole forward passes of a float64 network with the noise of the float32
/// one.
at::Tensor reference_attack(const Json& layers, const DeviceImages& images, const at::Tensor& aim,
                            const AttackRequest& request, at::Tensor x) {
  const at::Tensor centre = images.pixels.to(at::kDouble);
  x = x.to(at::kDouble);
  for (std::int64_t t = 0; t < request.steps; ++t) {
    DeviceImages now = images;
    now.pixels = x;
    const NoiseKey key{request.seed, Stream::attack, 0, static_cast<std::uint8_t>(images.split)};
    at::Tensor g =
        reference(layers, now, aim, {key, t * request.members(), request.members()}).gradient;
    if (request.is_targeted()) g = -g;
    if (!request.is_l2()) {
      x = x + request.step * g.sign();
      if (request.epsilon != kUnbounded)
        x = at::min(at::max(x, centre - request.epsilon), centre + request.epsilon);
    } else {
      x = x + request.step * g / g.square().sum(1, true).sqrt();
      const at::Tensor length = (x - centre).square().sum(1, true).sqrt();
      x = at::where(length > request.epsilon, centre + (x - centre) * request.epsilon / length, x);
    }
    x = x.clamp(0, 255);
  }
  return x;
}

class AttackOn : public testing::Test {
 protected:
  at::Tensor attacked(Network& network, const AttackRequest& request) {
    const ImageModels models{{&network, images_.mean, images_.inverse_std}};
    return attack(models, images_, aim_of(models, images_, request), request, 0,
                  [](std::int64_t, const DeviceImages&) {})
        .pixels;
  }

  DeviceImages images_ = float_images();
  Json layers_ = networks_with("relu")[0];
};

TEST_F(AttackOn, ASmallNetworkIsThatOfFloat64) {
  images_.mean = at::full({1}, 0.4, images_.pixels.options());
  images_.inverse_std = at::full({1}, 3.5, images_.pixels.options());
  for (const AttackMethod method :
       {AttackMethod::fgsm, AttackMethod::ifgsm, AttackMethod::pgd_linf, AttackMethod::pgd_l2}) {
    for (const char* target : {"none", "next"}) {
      for (const AttackGradient gradient :
           {AttackGradient::samples, AttackGradient::one, AttackGradient::mean}) {
        AttackRequest request = request_of(method, method == AttackMethod::pgd_l2 ? 60 : 9);
        request.target = attack_target(target);
        request.gradient = gradient;
        Network network = made(layers_, false);
        const at::Tensor aim =
            request.is_targeted() ? (images_.labels + 1).remainder(3) : images_.labels;
        const at::Tensor begin =
            request.random_start ? random_start(images_, request, 0) : images_.pixels;
        const at::Tensor wanted = reference_attack(layers_, images_, aim, request, begin);
        EXPECT_TRUE(close(attacked(network, request), wanted, tolerance::kFloatGradient))
            << attack_methods().name(method) << " " << target << " "
            << attack_gradients().name(gradient);
        EXPECT_FALSE(close(wanted, images_.pixels, tolerance::kClearlyOther));
      }
    }
  }
}

TEST_F(AttackOn, AnEpsilonOfNothingMovesNothing) {
  Network network = made(layers_, false);
  for (const AttackMethod method :
       {AttackMethod::fgsm, AttackMethod::ifgsm, AttackMethod::pgd_linf, AttackMethod::pgd_l2}) {
    AttackRequest request = request_of(method, 0);
    request.step = 3;
    EXPECT_TRUE(attacked(network, request).equal(images_.pixels)) << attack_methods().name(method);
    request.epsilon = 9;
    request.step = 0;
    request.random_start = false;
    EXPECT_TRUE(attacked(network, request).equal(images_.pixels)) << attack_methods().name(method);
  }
}

TEST_F(AttackOn, BytesAreAttackedAsFloats) {
  Network network = made(layers_, false);
  const AttackRequest request = request_of(AttackMethod::pgd_linf, 9);
  const at::Tensor wanted = attacked(network, request);
  images_.pixels = images_.pixels.to(at::kByte);
  EXPECT_TRUE(attacked(network, request).equal(wanted));
}

TEST_F(AttackOn, AVanishingGradientStillHasADirection) {
  // Squares of such a gradient's entries are 0 in float32.
  Network network = made({{{"dense", {{"out", 3}}}}}, false);
  at::Tensor& weight = *network.parameters()[0].parameter.tensor;
  weight = weight * 1e-25;
  const at::Tensor moved = attacked(network, request_of(AttackMethod::pgd_l2, 60));
  AttackRequest still = request_of(AttackMethod::pgd_l2, 60);
  still.step = 0;
  EXPECT_FALSE(close(moved, attacked(network, still), tolerance::kClearlyOther));
  EXPECT_TRUE(moved.isfinite().all().item<bool>());
}

TEST_F(AttackOn, ImagesStayInTheBallAndTheRange) {
  Network network = made(layers_, false);
  for (const AttackMethod method : {AttackMethod::pgd_linf, AttackMethod::pgd_l2}) {
    const AttackRequest request = request_of(method, 40);
    const at::Tensor moved = attacked(network, request);
    const at::Tensor far = (moved - images_.pixels).to(at::kDouble);
    const double length =
        request.is_l2() ? far.norm(2, {1}).max().item<double>() : far.abs().max().item<double>();
    EXPECT_LE(length, 40 * (1 + tolerance::kFloatSteps));
    EXPECT_GT(length, 30);
    EXPECT_GE(moved.min().item<double>(), 0);
    EXPECT_LE(moved.max().item<double>(), 255);
  }
}

TEST_F(AttackOn, TheGoldenStepsAreThePapersIterativeSign) {
  const Json& g = golden()["attack"];
  const at::Tensor w = golden_tensor(g["W"]), b = golden_tensor(g["b"]);
  std::vector<Network> networks;
  ImageModels models;
  for (std::int64_t k = 0; k < w.size(0); ++k) {
    networks.emplace_back(
        Json{{"input", {1, 2, 2}}, {"classes", 3}, {"layers", {{{"dense", {{"out", 3}}}}}}});
    // The golden numbers are of pixels as they are; a network is given a 255th.
    *networks.back().parameters()[0].parameter.tensor = (w[k] * 255).to(at::kFloat);
    *networks.back().parameters()[1].parameter.tensor = b[k].to(at::kFloat);
  }
  for (Network& network : networks) models.push_back({&network, {}, {}});
  const at::Tensor target = at::full({1}, g["target"].get<std::int64_t>(), at::kLong);
  const DeviceImages images{golden_tensor(g["x0"]).reshape({1, 4}).to(at::kFloat),
                            target,
                            at::zeros({1}, at::kLong),
                            1,
                            2,
                            2};
  AttackRequest request = request_of(AttackMethod::ifgsm, kUnbounded);
  request.target = attack_target(std::to_string(target.item<std::int64_t>()));
  request.steps = static_cast<std::int64_t>(g["x_after_step"].size());
  const auto watch = [&](std::int64_t step, const DeviceImages& now) {
    if (step == 0) return;
    EXPECT_TRUE(close(now.pixels[0],
                      golden_tensor(g["x_after_step"][static_cast<std::size_t>(step - 1)]),
                      tolerance::kFloatProduct));
  };
  const AttackedImages moved = attack(models, images, target, request, 0, watch);
  for (std::size_t t = 0; t < g["before_step"].size(); ++t)
    EXPECT_NEAR(moved.loss[static_cast<std::int64_t>(t)].item<double>(),
                g["before_step"][t]["ce"].get<double>(), tolerance::kFloatSteps);
}

TEST(RandomStart, IsUniformInTheBall) {
  DeviceImages images = float_images();
  images.pixels = at::full({2000, 9}, 100, images.pixels.options());
  images.labels = at::zeros({2000}, images.labels.options());
  images.example = at::arange(2000, images.labels.options());
  AttackRequest request = request_of(AttackMethod::pgd_linf, 20);
  const at::Tensor cube = (random_start(images, request, 0) - 100).to(at::kCPU, at::kDouble) / 20;
  const double n = 2000 * 9;
  EXPECT_LE(cube.abs().max().item<double>(), 1 + tolerance::kFloatSteps);
  EXPECT_NEAR(cube.mean().item<double>(), 0, tolerance::kStandardErrors / std::sqrt(3 * n));
  EXPECT_NEAR(cube.square().mean().item<double>(), 1.0 / 3,
              tolerance::kStandardErrors * std::sqrt(4.0 / 45 / n));
  request.method = AttackMethod::pgd_l2;
  const at::Tensor sphere = (random_start(images, request, 0) - 100).to(at::kCPU, at::kDouble) / 20;
  // The length to the power of the dimensions is uniform, and no direction is preferred.
  const at::Tensor u = sphere.norm(2, {1}).pow(9);
  EXPECT_LE(u.max().item<double>(), 1 + 9 * tolerance::kFloatSteps);
  EXPECT_NEAR(u.mean().item<double>(), 0.5,
              tolerance::kStandardErrors * std::sqrt(1.0 / 12 / 2000));
  EXPECT_NEAR(sphere.mean().item<double>(), 0, tolerance::kStandardErrors / std::sqrt(11 * n));
  EXPECT_FALSE(random_start(images, request, 1).equal(random_start(images, request, 0)));
  const at::Tensor some = at::tensor({1500, 3}, images.labels.options());
  EXPECT_TRUE(random_start(select_images(images, some), request, 0)
                  .equal(random_start(images, request, 0).index_select(0, some)));
}

TEST(Aim, ARandomTargetIsTheGoldenOne) {
  const Json& g = golden()["noise"]["targets"];
  const at::Tensor labels = golden_tensor(g["y"]).to(at::kLong);
  Network network(
      Json{{"input", {1, 2, 2}}, {"classes", 10}, {"layers", {{{"dense", {{"out", 10}}}}}}});
  const DeviceImages images{at::zeros({4, 4}), labels, at::arange(4), 1, 2, 2};
  AttackRequest request;
  request.seed = g["seed"].get<std::uint64_t>();
  request.target = attack_target("random");
  EXPECT_TRUE(aim_of({{&network, {}, {}}}, images, request)
                  .equal(golden_tensor(g["target"]).to(at::kLong)));
}

TEST(Aim, TheLeastLikelyIsNeverTheLabel) {
  const DeviceImages images = float_images();
  Network network = made({{{"dense", {{"out", 3}}}}}, false);
  AttackRequest request;
  request.target = attack_target("least-likely");
  const at::Tensor aim = aim_of({{&network, {}, {}}}, images, request);
  const at::Tensor logits = network.forward(network_input(images, images.pixels), Forward{});
  for (std::int64_t n = 0; n < images.count(); ++n) {
    const auto label = images.labels[n].item<std::int64_t>();
    std::int64_t wanted = label == 0 ? 1 : 0;
    for (std::int64_t c = 0; c < 3; ++c)
      if (c != label && logits[n][c].item<float>() < logits[n][wanted].item<float>()) wanted = c;
    EXPECT_EQ(aim[n].item<std::int64_t>(), wanted);
  }
}

}  // namespace
}  // namespace varphase
