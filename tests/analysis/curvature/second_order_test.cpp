// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/second_order.hpp"

#include "analysis/curvature/head_diagonal.hpp"
#include "analysis/curvature/loss_curvature.hpp"
#include "analysis/curvature/network_diagonal.hpp"
#include "src/layers/activation_layer.hpp"
#include "tests/analysis/curvature/reference_diagonal.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/kinds_by_trait.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

/// Sequential networks of every kind of layer that has a rule.
class RandomSpec {
 public:
  explicit RandomSpec(unsigned seed) : random_(seed) {}

  Json make() {
    Json layers = Json::array();
    const std::int64_t classes = pick(2, 10);
    Json input = {pick(1, 3), 8, 9};
    std::int64_t height = 8, width = 9;
    if (pick(0, 3) > 0) {
      for (std::int64_t block = pick(1, 2); block > 0; --block) {
        Json conv{{"out", pick(2, 4)}, {"kernel", pick(1, 3)}, {"padding", pick(0, 1)}};
        conv["stride"] = height > 6 ? pick(1, 2) : 1;
        conv["bias"] = pick(0, 1) == 1;
        const auto after = [&](std::int64_t side) {
          return (side + 2 * conv["padding"].get<std::int64_t>() -
                  conv["kernel"].get<std::int64_t>()) /
                     conv["stride"].get<std::int64_t>() +
                 1;
        };
        height = after(height);
        width = after(width);
        layers.push_back({{pick(0, 1) == 1 ? "conv2d" : "variance_conv2d", conv}});
        const bool pool_first = pick(0, 3) == 0;
        if (pool_first) pool(layers, height, width);
        between(layers);
        if (!pool_first) pool(layers, height, width);
        if (pick(0, 3) == 0) layers.push_back({{"dropout", 0.3}});
      }
    }
    if (pick(0, 2) == 0) {
      layers.push_back("flatten");
      if (pick(0, 1) == 0) between(layers);
    }
    for (std::int64_t block = pick(1, 2); block > 0; --block) {
      layers.push_back({{pick(0, 1) == 1 ? "dense" : "variance_dense",
                         {{"out", pick(3, 5)}, {"bias", pick(0, 1) == 1}}}});
      between(layers);
    }
    layers.push_back({{"dense", {{"out", classes}}}});
    return {{"input", input}, {"classes", classes}, {"layers", layers}};
  }

 private:
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  void between(Json& layers) {
    if (pick(0, 1) == 1) layers.push_back("batch_norm");
    static const std::vector<std::string> kinds = activation_kinds();
    const std::int64_t which = pick(0, static_cast<std::int64_t>(kinds.size()));
    layers.push_back(which == 0 ? Json{{"softplus", 2.0}}
                                : Json(kinds[static_cast<std::size_t>(which - 1)]));
  }
  void pool(Json& layers, std::int64_t& height, std::int64_t& width) {
    if (height < 3 || width < 3) return;
    const std::int64_t which = pick(0, 2);
    if (which == 2) return;
    layers.push_back({{which == 0 ? "max_pool" : "avg_pool", 2}});
    height /= 2;
    width /= 2;
  }

  std::mt19937 random_;
};

struct Case {
  Network network;
  at::Tensor x, labels;
  std::vector<std::size_t> layers;
};

Case random_case(const Json& spec, int seed, std::int64_t images) {
  Case made{random_network(spec, seed), {}, {}, {}};
  const Shape& input = made.network.input();
  made.x = at::rand({images, input[0], input[1], input[2]}, at::kDouble).to(test_device());
  made.labels = at::randint(made.network.classes(), {images}, at::kLong).to(test_device());
  made.network.to(test_device());
  for (std::size_t i = 0; i < made.network.layers().size(); ++i) {
    if (made.network.layers()[i]->traits().weighted()) made.layers.push_back(i);
  }
  return made;
}

/// Ragged chunks of the images.
std::vector<LayerDiagonal> diagonals(Case& of, const SecondOrderRequest& request,
                                     at::ScalarType type = at::kDouble,
                                     const Smoothing& smoothing = {}) {
  const std::size_t first = *std::min_element(request.layers.begin(), request.layers.end());
  CurvatureChain chain(of.network, first, smoothing, type);
  SecondOrder pass(chain, request);
  const at::Tensor x = of.network.forward_range(of.x, Forward{}, 0, first).to(type);
  const at::Tensor example = at::arange(x.size(0), of.labels.options());
  for (std::int64_t n = 0; n < x.size(0); n += 3) {
    const std::int64_t count = std::min<std::int64_t>(3, x.size(0) - n);
    pass.add(x.narrow(0, n, count), of.labels.narrow(0, n, count), example.narrow(0, n, count));
  }
  return pass.sums();
}

class RandomNetwork : public testing::TestWithParam<int> {};

TEST_P(RandomNetwork, DiagonalOfEveryLayerMeetsDoubleBackward) {
  const int seed = GetParam();
  const Json spec = RandomSpec(static_cast<unsigned>(seed)).make();
  SCOPED_TRACE(spec.dump());
  Case of = random_case(spec, seed, 7);
  SecondOrderRequest request;
  request.layers = of.layers;
  request.others = true;
  request.memory = 1 << 14;  // factors come in several blocks
  const std::vector<LayerDiagonal> got = diagonals(of, request);
  for (std::size_t i = 0; i < of.layers.size(); ++i) {
    const std::string name = of.network.layers()[of.layers[i]]->name();
    const ReferenceDiagonal wanted = reference_diagonal(of.network, name, of.x, of.labels);
    EXPECT_TRUE(close(got[i].hessian, wanted.hessian, tolerance::kDoubleBackward)) << name;
    EXPECT_TRUE(close(got[i].gradient, wanted.gradient, tolerance::kDoubleBackward)) << name;
    EXPECT_TRUE(close(got[i].fisher, wanted.fisher, tolerance::kDoubleBackward)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Thirty, RandomNetwork, testing::Range(1, 31));

/// Two of the kind, with and without a norm, in front of and behind what mixes units.
Json network_of(const std::string& kind) {
  return {{"input", {1, 6, 6}},
          {"classes", 4},
          {"layers", Json::array({{{"conv2d", {{"out", 3}, {"kernel", 3}}}},
                                  kind,
                                  {{"max_pool", 2}},
                                  {{"variance_dense", {{"out", 5}}}},
                                  "batch_norm",
                                  kind,
                                  {{"dense", {{"out", 4}}}}})}};
}

TEST(EveryActivation, HasTheExactDiagonalByChainAndByClosedForm) {
  for (const std::string& kind : activation_kinds()) {
    Case of = random_case(network_of(kind), 3, 9);
    SecondOrderRequest request;
    request.layers = of.layers;
    request.memory = 1 << 14;
    const std::vector<LayerDiagonal> got = diagonals(of, request);
    const std::vector<LayerDiagonal> narrow = diagonals(of, request, at::kFloat);
    for (std::size_t i = 0; i < of.layers.size(); ++i) {
      const std::string name = of.network.layers()[of.layers[i]]->name();
      const ReferenceDiagonal wanted = reference_diagonal(of.network, name, of.x, of.labels);
      EXPECT_TRUE(close(got[i].hessian, wanted.hessian, 1e-10)) << kind << " " << name;
      EXPECT_TRUE(close(narrow[i].hessian, wanted.hessian, 1e-3)) << kind << " " << name;
      if (name != "dense1") continue;
      const HeadParts head = require_head(of.network, of.layers[i]).to(at::kDouble);
      const at::Tensor a = of.network.forward_range(of.x, Forward{}, 0, of.layers[i]).flatten(1);
      EXPECT_TRUE(close(head_hessian_diagonal(head, a, of.labels), wanted.hessian, 1e-10)) << kind;
    }
  }
}

TEST(EveryWeightedKind, HasTheExactDiagonal) {
  for (const std::string& kind : weighted_kinds()) {
    const Json layer{{kind, {{"out", 4}}}};
    Case of = random_case(
        {{"input", {2, 6, 6}},
         {"classes", 3},
         {"layers", Json::array({layer, "tanh", layer, "sigmoid", {{"dense", {{"out", 3}}}}})}},
        5, 7);
    ASSERT_EQ(of.layers.size(), 3U);
    SecondOrderRequest request;
    request.layers = of.layers;
    const std::vector<LayerDiagonal> got = diagonals(of, request);
    for (std::size_t i = 0; i < of.layers.size(); ++i) {
      const std::string name = of.network.layers()[of.layers[i]]->name();
      const ReferenceDiagonal wanted = reference_diagonal(of.network, name, of.x, of.labels);
      EXPECT_TRUE(close(got[i].hessian, wanted.hessian, 1e-10)) << kind << " " << name;
    }
  }
}

TEST(EveryActivation, IsSmoothedWhereItHasKinksAlone) {
  for (const std::string& kind : activation_kinds()) {
    if (kind == "abs") continue;  // refused by name
    Case of = random_case(network_of(kind), 3, 9);
    const HeadParts head = require_head(of.network, of.network.position("dense1"));
    const Smoothing usual = parse_smoothing("auto", head);
    EXPECT_EQ(usual.softplus, piecewise_linear(head.activation)) << kind;
    EXPECT_EQ(parse_smoothing("softplus:2", head).softplus, usual.softplus) << kind;
    SecondOrderRequest request;
    request.layers = of.layers;
    const std::vector<LayerDiagonal> own = diagonals(of, request),
                                     smooth = diagonals(of, request, at::kDouble, {true, 1.0});
    EXPECT_EQ(at::equal(own[0].hessian, smooth[0].hessian), !usual.softplus) << kind;
    EXPECT_EQ(bends_behind(of.network, of.layers[0], {}), !usual.softplus) << kind;
  }
}

TEST(LossCurvature, FactorsAreTheHessianOfTheLoss) {
  at::manual_seed(2);
  for (const std::int64_t classes : {2, 3, 10}) {
    const at::Tensor logits = at::randn({5, classes}, at::kDouble) * 3;
    const at::Tensor labels = at::randint(classes, {5}, at::kLong);
    const LossCurvature loss = loss_curvature(logits, labels);
    const at::Tensor p = at::softmax(logits, 1);
    const at::Tensor wanted = at::diag_embed(p) - p.unsqueeze(2) * p.unsqueeze(1);
    EXPECT_TRUE(close(at::matmul(loss.factors.transpose(1, 2), loss.factors), wanted,
                      tolerance::kDoubleSteps));
    const at::Tensor one_hot = at::one_hot(labels, classes).to(at::kDouble);
    EXPECT_TRUE(close(loss.gradient, p - one_hot, tolerance::kDoubleSteps));
  }
}

TEST(LossCurvature, KeepsItsDigitsWhereTheNetworkIsSure) {
  // p = (1 - 3e-13, 1e-13, 2e-13): the curvature by the second logit is 1e-13 (1 - 1e-13).
  const at::Tensor logits =
      at::tensor({0.0, std::log(1e-13), std::log(2e-13)}, at::kDouble).unsqueeze(0);
  const at::Tensor label = at::zeros({1}, at::kLong);
  const LossCurvature loss = loss_curvature(logits.to(at::kFloat), label);
  const at::Tensor squares = loss.factors.square().sum(1)[0].to(at::kDouble);
  EXPECT_NEAR(squares[0].item<double>() / 3e-13, 1, tolerance::kFloatGradient);
  EXPECT_NEAR(squares[1].item<double>() / 1e-13, 1, tolerance::kFloatGradient);
  EXPECT_NEAR(squares[2].item<double>() / 2e-13, 1, tolerance::kFloatGradient);
  EXPECT_NEAR(loss.gradient[0][0].item<double>() / -3e-13, 1, tolerance::kFloatGradient);
}

TEST(LossCurvature, LogitsOfProbabilityZeroGiveNoNaN) {
  const at::Tensor logits = at::tensor({200.0F, -200.0F, -300.0F, 200.0F}).unsqueeze(0);
  const LossCurvature loss = loss_curvature(logits, at::zeros({1}, at::kLong));
  EXPECT_TRUE(at::isfinite(loss.factors).all().item<bool>());
  EXPECT_NEAR(loss.factors.square().sum(1)[0][0].item<double>(), 0.25, tolerance::kFloatSteps);
}

Json deep_spec() {
  return Json::parse(R"({"input": [1, 8, 8], "classes": 4, "layers": [
    {"variance_conv2d": {"out": 3, "kernel": 3}}, "batch_norm", "softplus", {"max_pool": 2},
    {"conv2d": {"out": 4, "kernel": 2}}, "batch_norm", "softplus",
    {"variance_dense": {"out": 6}}, "batch_norm", "softplus", {"dense": {"out": 4}}]})");
}

/// The exact diagonal of every layer.
void expect_double_backward(Case& of) {
  SecondOrderRequest request;
  request.layers = of.layers;
  const std::vector<LayerDiagonal> got = diagonals(of, request);
  for (std::size_t i = 0; i < of.layers.size(); ++i) {
    const std::string name = of.network.layers()[of.layers[i]]->name();
    const ReferenceDiagonal wanted = reference_diagonal(of.network, name, of.x, of.labels);
    EXPECT_TRUE(close(got[i].hessian, wanted.hessian, tolerance::kDoubleBackward)) << name;
  }
}

TEST(SecondOrder, PatchesOfOneCellAndOfTheWholeInput) {
  const Json spec = Json::parse(R"({"input": [2, 6, 6], "classes": 3, "layers": [
    {"conv2d": {"out": 3, "kernel": 1}}, "softplus", {"conv2d": {"out": 4, "kernel": 6}}, "tanh",
    {"dense": {"out": 5}}, "softplus", {"dense": {"out": 3}}]})");
  Case of = random_case(spec, 12, 5);
  expect_double_backward(of);
}

// More factors than a tile of the kernels that take them above a pool; strides, padding, pools that
// leave rows over.
TEST(SecondOrder, ManyFactorsThroughPoolsMeetDoubleBackward) {
  for (const char* lowest : {R"({"conv2d": {"out": 6, "kernel": 3, "padding": 1}})",
                             R"({"variance_conv2d": {"out": 5, "kernel": 4, "stride": 2}})"}) {
    Json spec = Json::parse(R"({"input": [2, 13, 11], "classes": 3, "layers": [
      "batch_norm", "relu", {"max_pool": 2},
      {"conv2d": {"out": 7, "kernel": 3, "padding": 1}}, "relu", {"max_pool": 2}, "tanh",
      {"dense": {"out": 40}}, "sigmoid", {"dense": {"out": 30}}, "tanh", {"dense": {"out": 3}}]})");
    spec["layers"].insert(spec["layers"].begin(), Json::parse(lowest));
    Case of = random_case(spec, 11, 5);
    expect_double_backward(of);
  }
}

TEST(SecondOrder, AgreesWithTheClosedFormOfTheHead) {
  Case of = random_case(deep_spec(), 3, 9);
  const std::size_t position = of.network.position("dense1");
  SecondOrderRequest request;
  request.layers = {position};
  const at::Tensor general = diagonals(of, request)[0].hessian;
  const at::Tensor a = of.network.forward_range(of.x, Forward{}, 0, position).flatten(1);
  const at::Tensor closed = head_hessian_diagonal(require_head(of.network, position), a, of.labels);
  EXPECT_TRUE(close(general, closed, tolerance::kDoubleSum));
}

TEST(SecondOrder, FloatsMeetDoubles) {
  Case of = random_case(deep_spec(), 4, 9);
  SecondOrderRequest request;
  request.layers = of.layers;
  const std::vector<LayerDiagonal> wide = diagonals(of, request);
  const std::vector<LayerDiagonal> narrow = diagonals(of, request, at::kFloat);
  for (std::size_t i = 0; i < wide.size(); ++i)
    EXPECT_TRUE(close(narrow[i].hessian, wide[i].hessian, tolerance::kFloatNetwork)) << i;
}

TEST(SecondOrder, GaussNewtonIsExactWhereNothingBends) {
  Json spec = deep_spec();
  for (Json& layer : spec["layers"]) {
    if (layer == "softplus") layer = "relu";
  }
  Case of = random_case(spec, 5, 6);
  SecondOrderRequest request;
  request.layers = of.layers;
  const std::vector<LayerDiagonal> exact = diagonals(of, request);
  request.method = CurvatureMethod::gauss_newton;
  const std::vector<LayerDiagonal> gauss_newton = diagonals(of, request);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    EXPECT_TRUE(at::equal(exact[i].hessian, gauss_newton[i].hessian));
    EXPECT_GE(exact[i].hessian.min().item<double>(), 0);
  }
}

TEST(SecondOrder, GaussNewtonIsTheHessianLessTheResidual) {
  Case of = random_case(deep_spec(), 6, 6);
  SecondOrderRequest request;
  request.layers = of.layers;
  request.others = true;
  const std::vector<LayerDiagonal> both = diagonals(of, request);
  request.method = CurvatureMethod::gauss_newton;
  request.others = false;
  const std::vector<LayerDiagonal> alone = diagonals(of, request);
  for (std::size_t i = 0; i < both.size(); ++i) {
    EXPECT_TRUE(close(both[i].gauss_newton, alone[i].hessian, tolerance::kDoubleSum));
    EXPECT_GT((both[i].gauss_newton - both[i].hessian).abs().max().item<double>(),
              i + 1 < both.size() ? 1e-3 : -1.0);
  }
}

TEST(SecondOrder, SmoothingTakesTheHessianOfTheSmoothedNetwork) {
  Json kinked = deep_spec(), smooth = deep_spec();
  for (Json& layer : kinked["layers"]) {
    if (layer == "softplus") layer = "relu";
  }
  for (Json& layer : smooth["layers"]) {
    if (layer == "softplus") layer = {{"softplus", 3.0}};
  }
  Case of = random_case(kinked, 7, 5), twin = random_case(smooth, 7, 5);
  SecondOrderRequest request;
  request.layers = of.layers;
  const std::vector<LayerDiagonal> got = diagonals(of, request, at::kDouble, {true, 3.0});
  const std::vector<LayerDiagonal> wanted = diagonals(twin, request);
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(close(got[i].hessian, wanted[i].hessian, tolerance::kDoubleFormula));
}

TEST(SampledResidual, IsUnbiasedAndItsErrorCoversTheTruth) {
  Case of = random_case(deep_spec(), 8, 60);
  SecondOrderRequest request;
  request.layers = of.layers;
  const std::vector<LayerDiagonal> exact = diagonals(of, request);
  request.method = CurvatureMethod::sampled_residual;
  request.samples = 16;
  const std::vector<LayerDiagonal> estimate = diagonals(of, request);
  std::int64_t covered = 0, all = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    // The last two layers have no residual to expand above them: there the estimate is exact.
    const at::Tensor off = (estimate[i].hessian - exact[i].hessian).abs();
    const at::Tensor error = estimate[i].error_variance.sqrt();
    if (i + 2 >= exact.size()) {
      EXPECT_TRUE(close(estimate[i].hessian, exact[i].hessian, tolerance::kDoubleSum));
      continue;
    }
    EXPECT_GT(error.min().item<double>(), 0);
    covered += (off <= 1.96 * error).sum().item<std::int64_t>();
    all += off.numel();
  }
  RecordProperty("covered", static_cast<int>(covered));
  RecordProperty("weights", static_cast<int>(all));
  // 95 % of 75 weights, whose errors hang together: less than 85 % would be a wrong error.
  EXPECT_GT(static_cast<double>(covered), 0.85 * static_cast<double>(all));
}

TEST(SampledResidual, DoesNotDependOnTheChunks) {
  Case of = random_case(deep_spec(), 9, 6);
  CurvatureChain chain(of.network, 0, {}, at::kDouble);
  SecondOrderRequest request;
  request.layers = of.layers;
  request.method = CurvatureMethod::sampled_residual;
  request.samples = 3;
  SecondOrder whole(chain, request);
  whole.add(of.x, of.labels, at::arange(6, of.labels.options()));
  const std::vector<LayerDiagonal> parts = diagonals(of, request);
  for (std::size_t i = 0; i < parts.size(); ++i)
    EXPECT_TRUE(close(parts[i].hessian, whole.sums()[i].hessian, tolerance::kDoubleSum));
}

TEST(CurvatureChain, ALayerWithoutARuleIsNamed) {
  EXPECT_THROW(curvature_rules().at("attention"), Error);
}

}  // namespace
}  // namespace varphase
