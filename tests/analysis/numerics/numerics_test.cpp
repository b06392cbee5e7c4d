// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include <ATen/core/grad_mode.h>

#include "analysis/curvature/diagonal.hpp"
#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/predict/fused_head.hpp"
#include "analysis/predict/metrics.hpp"
#include "analysis/predict/predictor.hpp"
#include "analysis/prune/mask.hpp"
#include "analysis/prune/repair.hpp"
#include "src/kernels/curvature/output_curvature.hpp"
#include "src/models/head.hpp"
#include "src/noise/normal_fill.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"

namespace varphase {
namespace {

/// The golden head with its closed-form Hessian in element type T.
template <class T>
at::Tensor closed_form(Activation activation) {
  const Json& g = golden()["diagh_dense"];
  const at::ScalarType type = sizeof(T) == 8 ? at::kDouble : at::kFloat;
  const auto tensor = [&](const Json& json) {
    return golden_tensor(json).to(type).to(test_device()).contiguous();
  };
  const at::Tensor scale = tensor(g["bn"]["scale"]);
  const at::Tensor shift = tensor(g["bn"]["beta"]) - tensor(g["bn"]["mean"]) * scale;
  const at::Tensor v = tensor(g["V"]), c = tensor(g["c"]), a = tensor(g["a"]);
  const at::Tensor b = at::linear(a, tensor(g["mu"]), tensor(g["bias"])).contiguous();
  const at::Tensor labels = golden_tensor(g["y"]).to(at::kLong).to(test_device());
  const Head<T> head{data_of<T>(scale), data_of<T>(shift), data_of<T>(v), data_of<T>(c),
                     v.size(1),         v.size(0),         activation,    T(1)};
  at::Tensor r = at::empty_like(b);
  output_curvature<T>(head, data_of<T>(b), data_of<std::int64_t>(labels), b.size(0), data_of<T>(r),
                      nullptr, where_of(b));
  return r.t().mm(a.square()).to(at::kCPU);
}

TEST(DiagonalHessian, MeetsTheGoldenNumbersForEveryActivation) {
  const std::pair<const char*, Activation> rows[] = {
      {"softplus", Activation::softplus}, {"tanh", Activation::tanh},
      {"sigmoid", Activation::sigmoid},   {"relu", Activation::relu},
      {"abs", Activation::abs},           {"gelu", Activation::gelu}};
  for (const auto& [name, activation] : rows) {
    const at::Tensor wanted = golden_tensor(golden()["diagh_dense"][name]["hessian_diagonal"]);
    EXPECT_TRUE(close(closed_form<double>(activation), wanted, 1e-12)) << name;
    EXPECT_TRUE(close(closed_form<float>(activation), wanted, 2e-5)) << name;
  }
}

TEST(Activation, MeetsTheGoldenDerivatives) {
  const std::pair<const char*, Activation> rows[] = {{"softplus", Activation::softplus},
                                                     {"relu", Activation::relu},
                                                     {"leaky_relu", Activation::leaky_relu},
                                                     {"abs", Activation::abs},
                                                     {"tanh", Activation::tanh},
                                                     {"sigmoid", Activation::sigmoid},
                                                     {"silu", Activation::silu},
                                                     {"gelu", Activation::gelu}};
  const Json& phi = golden()["phi"];
  for (const auto& [name, activation] : rows) {
    for (std::size_t i = 0; i < phi["h"].size(); ++i) {
      const auto jet = activation_jet<double>(activation, phi["h"][i].get<double>(), 1);
      EXPECT_NEAR(jet.value, phi[name]["f"][i].get<double>(), 1e-13) << name;
      EXPECT_NEAR(jet.first, phi[name]["d1"][i].get<double>(), 1e-13) << name;
      EXPECT_NEAR(jet.second, phi[name]["d2"][i].get<double>(), 1e-13) << name;
    }
  }
}

TEST(OutputCurvature, KeepsItsDigitsWhereTheNetworkIsSure) {
  // scale 1 and identity: R = q, whose textbook form in float32 is 0 here.
  const Json& g = golden()["stable"];
  const at::Tensor v = golden_tensor(g["V"]).to(at::kFloat).to(test_device()).contiguous();
  const at::Tensor logits =
      golden_tensor(g["logits"]).to(at::kFloat).to(test_device()).contiguous();
  const at::Tensor one = at::ones({2}, v.options()), zero = at::zeros_like(one),
                   b = at::zeros({1, 2}, v.options());
  const at::Tensor labels = at::full({1}, g["y"].get<std::int64_t>(), v.options().dtype(at::kLong));
  const Head<float> head{data_of<float>(one),
                         data_of<float>(zero),
                         data_of<float>(v),
                         data_of<float>(logits),
                         2,
                         3,
                         Activation::identity,
                         1};
  at::Tensor q = at::empty({1, 2}, v.options());
  output_curvature<float>(head, data_of<float>(b), data_of<std::int64_t>(labels), 1,
                          data_of<float>(q), nullptr, where_of(b));
  const at::Tensor wanted = golden_tensor(g["q"]);
  for (std::int64_t j = 0; j < 2; ++j) {
    EXPECT_NEAR(q[0][j].item<double>() / wanted[j].item<double>(), 1, 1e-5);
  }
}

TEST(EnsembleHead, MeetsTheSumOverMembersWrittenOut) {
  at::manual_seed(1);
  use_torch_threads();
  const at::Device device = test_device();
  for (const Activation activation : {Activation::relu, Activation::softplus, Activation::tanh}) {
    for (const auto& [classes, units] :
         {std::pair<std::int64_t, std::int64_t>{3, 37}, {10, 37}, {10, 500}, {13, 37}, {10, 700}}) {
      for (const std::int64_t variants : {1, 4, 1026}) {
        if (variants > 4 && (classes != 3 || activation != Activation::relu)) continue;
        const std::int64_t rows = 5, members = 7, share = variants == 1 ? 1 : 2;
        const at::Tensor base = at::randn({variants, rows, units}),
                         spread = at::rand({variants / share, rows, units});
        const Network network(Json::parse(fmt::format(
            R"({{"input":[1,1,2],"classes":{0},"layers":[{{"variance_dense":{{"out":{1}}}}},{{"dense":{{"out":{0}}}}}]}})",
            classes, units)));
        HeadParts head = require_head(network, 0);
        head.activation = activation;
        head.beta = activation == Activation::softplus && units == 37 ? 2.5 : 1;
        head.weight = at::randn({classes, units}) * 0.3;
        head.bias = at::randn({classes});
        const at::Tensor example = at::arange(rows, at::kLong) * 3;
        const NoiseKey key{77, Stream::evaluation, 0, 2};
        HeadParts there = head;
        there.weight = head.weight.to(device);
        there.bias = head.bias.to(device);
        const at::Tensor got = fused_log_probabilities(there, base.to(device), spread.to(device),
                                                       key, example.to(device), members)
                                   .to(at::kCPU);
        at::Tensor p = at::zeros({variants, rows, classes}, at::kDouble);
        for (std::int64_t k = 0; k < members; ++k) {
          at::Tensor eps = at::empty({rows, units});
          for (std::int64_t n = 0; n < rows; ++n) {
            for (std::int64_t j = 0; j < units; ++j) {
              eps[n][j] = normal_at(key, static_cast<std::uint32_t>(3 * n),
                                    static_cast<std::uint32_t>(k), static_cast<std::uint64_t>(j));
            }
          }
          const at::Tensor b =
              base.to(at::kDouble) +
              spread.repeat_interleave(share, 0).to(at::kDouble) * eps.to(at::kDouble);
          const at::Tensor z = activation == Activation::relu   ? at::relu(b)
                               : activation == Activation::tanh ? at::tanh(b)
                                                                : at::softplus(b, head.beta);
          p += at::softmax(at::linear(z, head.weight.to(at::kDouble), head.bias.to(at::kDouble)),
                           2) /
               static_cast<double>(members);
        }
        EXPECT_TRUE(close(got, p.log(), 2e-6)) << classes << ' ' << units << ' ' << variants;
      }
    }
  }
}

TEST(Metrics, MeetTheGoldenNumbers) {
  const Json& g = golden()["metrics"];
  const at::Tensor log_p =
      at::log_softmax(golden_tensor(g["logits"]), 2).exp().mean(0).log().to(test_device());
  const Metrics got = metrics(log_p, golden_tensor(g["y"]).to(at::kLong));
  EXPECT_NEAR(got.accuracy, g["accuracy"].get<double>(), 1e-15);
  EXPECT_NEAR(got.nll, g["nll"].get<double>(), 1e-12);
  EXPECT_NEAR(got.brier, g["brier"].get<double>(), 1e-12);
  EXPECT_NEAR(got.ece, g["ece"].get<double>(), 1e-12);
  EXPECT_NEAR(got.entropy, g["mean_entropy"].get<double>(), 1e-12);
}

TEST(Mask, IsTheGoldenOne) {
  const Json& g = golden()["kappa"];
  const at::Tensor kappa = golden_tensor(g["kappa"]);
  EXPECT_TRUE(at::equal(mask_over(kappa.abs(), std::pow(10, -0.5)).to(at::kDouble),
                        golden_tensor(g["keep"])));
  const at::Tensor half = mask_of_sparsity(kappa.abs(), 0.5);
  EXPECT_EQ(half.sum().item<double>(), 6);
  EXPECT_GE(kappa.abs().masked_select(half > 0).min().item<double>(),
            kappa.abs().masked_select(half == 0).max().item<double>());
}

TEST(Repair, MeetsTheGoldenStatistics) {
  const Json& g = golden()["repair"];
  const OutputStatistics got = output_statistics(golden_tensor(g["m"]), golden_tensor(g["v"]));
  EXPECT_TRUE(close(got.mean, golden_tensor(g["bn_mean"]), 1e-12));
  EXPECT_TRUE(close(got.var, golden_tensor(g["bn_var"]), 1e-12));
}

DeviceImages striped_images() {
  ImageSet set{1, 6, 6, {}, {}, {}};
  for (int n = 0; n < 12; ++n) {
    for (int i = 0; i < 36; ++i)
      set.pixels.push_back(static_cast<std::uint8_t>((n * 53 + i * (n % 3 + 1) * 17) % 256));
    set.labels.push_back(n % 3);
    set.index.push_back(n);
  }
  return to_device(set, Split::test, test_device());
}

Network network_of(const Json& layers) {
  Network network({{"input", {1, 6, 6}}, {"classes", 3}, {"layers", layers}});
  network.initialize(2);
  network.to(test_device());
  return network;
}

TEST(Predictor, DrawsTheMasksOfADropoutNetwork) {
  Network network = network_of({{{"conv2d", {{"out", 4}}}},
                                "relu",
                                {{"dropout", 0.5}},
                                {{"dense", {{"out", 8}}}},
                                "relu",
                                {{"gaussian_dropout", 0.5}},
                                {{"dense", {{"out", 3}}}}});
  const DeviceImages images = striped_images();
  Predictor predictor(network, images, 4);
  constexpr std::int64_t members = 5;
  const at::NoGradGuard no_gradients;
  const at::Tensor x = slice_batch(images, 0, images.count()).images;
  EXPECT_TRUE(close(predictor.log_probabilities(Estimator::deterministic, 1),
                    at::log_softmax(network.forward(x, Forward{}), 1), 1e-6));
  // Member by member through the whole network.
  at::Tensor p;
  for (std::int64_t k = 0; k < members; ++k) {
    const Forward how{Mode::sampled,
                      false,
                      {4, Stream::evaluation, 0, 2},
                      images.example,
                      at::full({1}, k, images.labels.options())};
    const at::Tensor one = at::softmax(network.forward(x, how), 1);
    if (k == 0) {
      EXPECT_TRUE(close(predictor.log_probabilities(Estimator::stochastic, 7), one.log(), 1e-5));
    }
    p = p.defined() ? p + one : one;
  }
  const at::Tensor ensemble = predictor.log_probabilities(Estimator::ensemble, members);
  EXPECT_TRUE(close(ensemble, (p / members).log(), 1e-5));
  EXPECT_FALSE(close(ensemble, predictor.log_probabilities(Estimator::deterministic, 1), 1e-3));
}

TEST(Kappa, TakesEveryParameterizationAndRefusesAKinkByName) {
  const auto refusal = [](const Json& layers) {
    Network network = network_of(layers);
    try {
      compute_kappa(network, striped_images(), {}, [](std::int64_t) {});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      return std::string(error.what());
    }
    return std::string();
  };
  const Json dense{{"dense", {{"out", 3}}}};
  EXPECT_EQ(refusal({{{"variance_conv2d", {{"out", 4}}}}, "softplus", dense}), "");
  EXPECT_NE(refusal(Json::array({dense})).find("no variance layer"), std::string::npos);
  const Json zero_centred{{"variance_dense", {{"out", 5}, {"parameterization", "zero_centred"}}}};
  EXPECT_NE(refusal({zero_centred, "batch_norm", "abs", dense}).find("zero-centred"),
            std::string::npos);
  for (const std::string& name : parameterizations().names()) {
    const Json layer{{"variance_dense", {{"out", 5}, {"parameterization", name}}}};
    EXPECT_EQ(refusal({layer, "batch_norm", "softplus", dense}), "") << name;
  }
}

TEST(Kappa, GivesEveryLayerItsCurvatureAndSaysHow) {
  Network network = network_of({{{"variance_conv2d", {{"out", 4}}}},
                                "relu",
                                {{"variance_dense", {{"out", 5}}}},
                                "batch_norm",
                                "relu",
                                {{"dense", {{"out", 3}}}}});
  const DeviceImages images = striped_images();
  KappaRequest request;
  request.layers = {"all"};
  request.verify = 20;
  request.others = true;
  const KappaMap map = compute_kappa(network, images, request, [](std::int64_t) {});
  ASSERT_EQ(map.layers.size(), 2U);
  ASSERT_EQ(map.plain_layers.size(), 1U);
  // Of `auto` the layer that the closed form would smooth is smoothed, the others are as they are.
  EXPECT_EQ(map.layers[0].smooth, "none");
  EXPECT_EQ(map.layers[0].method, "exact, piecewise linear");
  EXPECT_EQ(map.layers[1].smooth, "softplus:1");
  EXPECT_EQ(map.layers[1].method, "exact");
  EXPECT_EQ(map.plain_layers[0].layer, "dense2");
  EXPECT_FALSE(map.plain_layers[0].has_variance());
  for (const KappaProof& proof : map.proofs) EXPECT_LT(proof.worst_relative_error, 1e-4);
  for (const KappaProof& proof : map.plain_proofs) EXPECT_LT(proof.worst_relative_error, 1e-4);
  EXPECT_EQ(map.layers[0].gauss_newton, map.layers[0].hessian_diagonal);
  EXPECT_NE(map.layers[1].gauss_newton, map.layers[1].hessian_diagonal);

  // The closed form of the same layer, which is taken where nothing else is asked for.
  const KappaMap closed = compute_kappa(network, images, {}, [](std::int64_t) {});
  EXPECT_EQ(closed.layers[1].method, "closed form");
  const auto tensor = [](const std::vector<float>& values) { return at::tensor(values); };
  EXPECT_TRUE(close(tensor(map.layers[1].hessian_diagonal),
                    tensor(closed.layers[1].hessian_diagonal), 2e-5));

  const KappaMap read = kappa_from_document(to_document(map), "here");
  EXPECT_EQ(read.plain_layers[0].fisher, map.plain_layers[0].fisher);
  EXPECT_EQ(read.layers[1].gradient, map.layers[1].gradient);
  EXPECT_EQ(read.layers[1].method, "exact");
  EXPECT_EQ(read.layers[0].factors, 2);
}

TEST(Kappa, AnEstimateSaysItsError) {
  Network network = network_of({{{"variance_conv2d", {{"out", 4}}}},
                                "softplus",
                                {{"variance_dense", {{"out", 5}}}},
                                "softplus",
                                {{"dense", {{"out", 3}}}}});
  const DeviceImages images = striped_images();
  KappaRequest request;
  request.method = CurvatureMethod::sampled_residual;
  request.samples = 8;
  const KappaMap map = compute_kappa(network, images, request, [](std::int64_t) {});
  EXPECT_EQ(map.method, "estimate");
  EXPECT_EQ(map.layers[0].method, "estimate, 8 samples");
  ASSERT_EQ(map.layers[0].standard_error.size(), map.layers[0].hessian_diagonal.size());
  EXPECT_GT(at::tensor(map.layers[0].standard_error).max().item<float>(), 0);
  // Every weight of a threshold in the middle of wide errors may be on either side.
  EXPECT_EQ(map.layers[1].uncertain(1e30), 0);
  const KappaMap read = kappa_from_document(to_document(map), "here");
  EXPECT_EQ(read.layers[0].standard_error, map.layers[0].standard_error);
  EXPECT_THROW(curvature_method_from_name("guess"), Error);
}

TEST(Sweep, RefusesNoiseBeforeItsLayer) {
  Network network = network_of({{{"variance_conv2d", {{"out", 4}}}},
                                "relu",
                                {{"variance_dense", {{"out", 5}}}},
                                "softplus",
                                {{"dense", {{"out", 3}}}}});
  const HeadParts head = require_head(network, network.position("dense1"));
  try {
    require_quiet_trunk(network, head);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("conv1"), std::string::npos) << error.what();
  }
  Network quiet =
      network_of({{{"variance_dense", {{"out", 5}}}}, "softplus", {{"dense", {{"out", 3}}}}});
  require_quiet_trunk(quiet, require_head(quiet, 0));
}

}  // namespace
}  // namespace varphase
