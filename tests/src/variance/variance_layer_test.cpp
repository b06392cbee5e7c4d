// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/variance_layer.hpp"

#include <atomic>
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include "src/layers/sampling.hpp"
#include "src/models/network.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/trainer.hpp"
#include "tests/src/variance/every_layer.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

using testing::HasSubstr;

TEST(EveryVarianceLayer, HasTheLossAndGradientsOfFloat64Autograd) {
  for (const Combination& one : combinations(true)) {
    const Made made = make(one);
    const at::Tensor x = images(one, 4);
    const at::Tensor own_x = x.clone().to(test_device()).requires_grad_(true);
    const Forward how = sampled(4, 2);
    const at::Tensor step = at::full({1}, 8, at::kLong).to(test_device());
    const at::Tensor b = made.layer->forward(own_x, how);
    at::manual_seed(7);
    const at::Tensor upstream = at::randn(b.sizes(), at::kDouble);
    const at::Tensor kl = made.variance->kl(how, step);
    ((b * upstream.to(b.device(), at::kFloat)).sum() + kl * 0.7).backward();

    std::map<std::string, at::Tensor> wide;
    for (const Parameter& parameter : made.layer->parameters())
      wide[parameter.name] =
          parameter.tensor->detach().to(at::kCPU, at::kDouble).requires_grad_(true);
    const at::Tensor theta = wide.count("log_alpha") > 0 ? wide["log_alpha"] : wide["log_sigma2"];
    const at::Tensor mean = wide.count("mean") > 0 ? wide["mean"] : at::zeros_like(theta.detach());
    const at::Tensor wide_x = x.to(at::kDouble).requires_grad_(true);
    const at::Tensor v = apply(
        one, wide_x.pow(2), reference::variance(one.parameterization, mean, theta), std::nullopt);
    // The true factor at v = 0 is 0: there sqrt is taken of a constant.
    const at::Tensor sd = at::where(v.detach() > 0, v, at::ones_like(v)).add(1e-16).sqrt() *
                          (v.detach() > 0).to(at::kDouble);
    const at::Tensor wanted = apply(one, wide_x, mean, wide["bias"]) + noise_like(b, 2) * sd;
    const at::Tensor wanted_kl = reference_kl(one, mean, theta);
    ((wanted * upstream).sum() + wanted_kl * 0.7).backward();

    EXPECT_TRUE(close(b, wanted.detach(), tolerance::kFloatLayer)) << one.name();
    if (one.prior != "log_uniform_sampled") {
      EXPECT_NEAR(
          kl.item<double>(), wanted_kl.item<double>(),
          tolerance::kFloatLayer * std::abs(wanted_kl.item<double>()) + tolerance::kDoubleSum)
          << one.name();
    }
    EXPECT_TRUE(close(own_x.grad(), wide_x.grad(), tolerance::kFloatGradient)) << one.name();
    for (const Parameter& parameter : made.layer->parameters()) {
      EXPECT_TRUE(
          close(parameter.tensor->grad(), wide[parameter.name].grad(), tolerance::kFloatGradient))
          << one.name() << " " << parameter.name;
    }
  }
}

TEST(EveryVarianceLayer, HasTheMomentsOfSampledWeights) {
  constexpr std::int64_t draws = 20000;
  for (const Combination& one : without_priors()) {
    const Made made = make(one);
    const at::NoGradGuard no_gradients;
    const at::Tensor x = images(one, 2).narrow(0, 1, 1);  // [1, ...]
    const at::Tensor rows = x.expand([&] {
      Shape shape = x.sizes().vec();
      shape[0] = draws;
      return shape;
    }());
    Forward how = sampled(draws, 0);
    how.example = at::zeros({draws}, at::kLong).to(test_device());
    how.member = at::arange(draws, at::kLong).to(test_device());
    const at::Tensor b =
        made.layer->forward(rows.to(test_device()), how).to(at::kCPU, at::kDouble).flatten(1);

    // The same law by drawing weights, one image at a time (paper, eq. 2).
    at::manual_seed(8);
    const at::Tensor mean = made.variance->mean().detach().to(at::kCPU, at::kDouble);
    const at::Tensor theta = made.variance->theta().detach().to(at::kCPU, at::kDouble);
    const at::Tensor sd =
        reference::variance(one.parameterization, mean, theta).expand_as(mean).sqrt();
    at::Tensor bias;
    for (const Parameter& parameter : made.layer->parameters()) {
      if (parameter.name == "bias") bias = parameter.tensor->detach().to(at::kCPU, at::kDouble);
    }
    // All draws as one layer of draws times as many outputs.
    Shape many = mean.sizes().vec();
    many.insert(many.begin(), draws);
    const at::Tensor weights = (mean + sd * at::randn(many, at::kDouble)).flatten(0, 1);
    const at::Tensor drawn =
        apply(one, x.to(at::kDouble), weights, bias.repeat({draws})).view({draws, -1});
    const at::Tensor variance = drawn.var(0);
    const double n = draws;
    // Five standard errors of a difference of two means and of two variances of normal numbers.
    const at::Tensor mean_error = (variance * 2 / n).sqrt() * 5 + 1e-6;
    const at::Tensor variance_error = variance * std::sqrt(4 / n) * 5 + 1e-6;
    EXPECT_TRUE(((b.mean(0) - drawn.mean(0)).abs() < mean_error).all().item<bool>()) << one.name();
    EXPECT_TRUE(((b.var(0) - variance).abs() < variance_error).all().item<bool>()) << one.name();
  }
}

TEST(EveryVarianceLayer, TakesItsMeansAndThenLeavesThemOut) {
  for (const Combination& one : without_priors()) {
    const Made made = make(one);
    const at::NoGradGuard no_gradients;
    const at::Tensor x = images(one, 3).to(test_device());
    const at::Tensor mean = made.variance->mean();
    at::Tensor bias;
    for (const Parameter& parameter : made.layer->parameters()) {
      if (parameter.name == "bias") bias = *parameter.tensor;
    }
    EXPECT_TRUE(
        close(made.layer->forward(x, Forward{}), apply(one, x, mean, bias), tolerance::kFloatSteps))
        << one.name();
    Forward how = sampled(3, 4);
    const at::Tensor all = made.layer->forward(x, how);
    how.mode = Mode::zero_mean;
    const at::Tensor wanted = all - apply(one, x, mean, std::nullopt);
    EXPECT_TRUE(close(made.layer->forward(x, how), wanted, tolerance::kFloatGradient))
        << one.name();
  }
}

TEST(EveryVarianceLayer, MasksAsPruningDoes) {
  for (const Combination& one : without_priors()) {
    const Made made = make(one);
    const at::NoGradGuard no_gradients;
    const at::Tensor x = images(one, 3).to(test_device());
    const at::Tensor mean = made.variance->mean().clone();
    const at::Tensor variance = made.variance->weight_variance();
    const Forward how = sampled(3, 4);
    const at::Tensor full = made.layer->forward(x, how);
    made.variance->override_weights(mean, variance);
    EXPECT_TRUE(at::equal(made.layer->forward(x, how), full) ||
                close(made.layer->forward(x, how), full, tolerance::kFloatSteps))
        << one.name();
    made.variance->override_weights(mean, at::zeros_like(variance));
    // All replaced by the mean: what is left of the noise is 1e-8 eps.
    EXPECT_TRUE(close(made.layer->forward(x, how), made.layer->forward(x, Forward{}),
                      tolerance::kFloatSteps))
        << one.name();
  }
}

TEST(EveryVarianceLayer, StaysWithinItsInterval) {
  for (const std::string& name : parameterizations().names()) {
    const auto parameterization = parameterizations().at(name)();
    at::Tensor theta = at::tensor({-100.0F, -19.0F, 19.0F, 100.0F});
    parameterization->project(theta);
    const float least = parameterization->theta_name() == "log_alpha" ? -20.0F : -60.0F;
    EXPECT_TRUE(at::equal(theta, at::tensor({least, -19.0F, 19.0F, 20.0F}))) << name;
  }
}

TEST(EveryVarianceLayer, RefusesWhatDoesNotGoTogether) {
  const std::vector<Combination> refused = combinations(false);
  ASSERT_FALSE(refused.empty());
  for (const Combination& one : refused) {
    try {
      make(one);
      FAIL() << one.name() << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      for (const std::string& word :
           {one.kind, one.prior, one.parameterization, std::string("additive")})
        EXPECT_THAT(error.what(), HasSubstr(word));
    }
  }
}

TEST(EveryVarianceLayer, SaysWhatIsWrongWithASpec) {
  const std::pair<Json, std::vector<std::string>> rows[] = {
      {{{"out", 3}, {"parameterization", "neurons"}}, {"parameterization", "neuron"}},
      {{{"out", 3}, {"prior", "student"}}, {"prior", "student_t"}},
      {{{"out", 3}, {"log_sigma2", -3}}, {"log_sigma2", "layer", "log_alpha"}},
      {{{"out", 3}, {"parameterization", "additive"}, {"log_sigma2", 90}},
       {"log_sigma2", "90", "20"}},
      {{{"out", 3}, {"nu", 1}}, {"nu", "log_uniform", "student_t"}},
      {{{"out", 3}, {"nu", 0}, {"prior", "student_t"}}, {"nu"}},
      {{{"parameterization", "layer"}}, {"out"}}};
  for (const char* kind : {"variance_dense", "variance_conv2d"}) {
    for (const auto& [options, words] : rows) {
      const Json spec{
          {"input", {2, 6, 6}}, {"classes", 3}, {"layers", {"relu", {{kind, options}}}}};
      try {
        const Network network(spec);
        FAIL() << spec.dump() << " was accepted";
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("layer 2 of 2"));
        EXPECT_THAT(error.what(), HasSubstr(kind));
        for (const std::string& word : words) EXPECT_THAT(error.what(), HasSubstr(word));
      }
    }
  }
}

TEST(VarianceConv2d, WantsImagesThatItsKernelFitsInto) {
  const auto refusal = [](const Json& options, const Shape& input) {
    try {
      layer_kinds().at("variance_conv2d").make(options, input);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(refusal({{"out", 3}, {"kernel", 9}}, {2, 6, 6}), HasSubstr("[2, 6, 6]"));
  EXPECT_THAT(refusal({{"out", 3}}, {12}), HasSubstr("[12]"));
  EXPECT_EQ(refusal({{"out", 3}, {"kernel", 9}, {"padding", 2}}, {2, 6, 6}), "");
}

TEST(EveryParameterization, MeetsTheGoldenDenseLayer) {
  const Json& dense = golden()["dense"];
  const at::Tensor a = golden_tensor(dense["a"]);
  for (const std::string& name : parameterizations().names()) {
    const Json& row = dense["cases"][name];
    const auto parameterization = parameterizations().at(name)();
    const bool means = parameterization->has_mean();
    const at::Tensor mean = means ? golden_tensor(dense["mu"]).requires_grad_(true)
                                  : at::zeros_like(golden_tensor(dense["mu"]));
    const at::Tensor theta = golden_tensor(row["theta"]).requires_grad_(true);
    const at::Tensor variance = parameterization->variance(mean, theta);
    EXPECT_TRUE(close(variance.detach(), golden_tensor(row["sigma2"]), tolerance::kDoubleFormula))
        << name;
    const at::Tensor v = at::linear(a.square(), variance);
    EXPECT_TRUE(close(v.detach(), golden_tensor(row["v"]), tolerance::kDoubleFormula)) << name;
    for (const auto& [prior, key] :
         {std::pair("log_uniform", "kl_approx"), std::pair("log_uniform_exact", "kl_exact")}) {
      const at::Tensor kl = priors().at(prior)({})->kl(*parameterization, mean, theta);
      EXPECT_NEAR(kl.item<double>(), row[key].get<double>(),
                  tolerance::kDoubleSum * (1 + row[key].get<double>()))
          << name << " " << prior;
    }
    if (!means) continue;
    priors().at("log_uniform")({})->kl(*parameterization, mean, theta).backward();
    EXPECT_TRUE(
        close(theta.grad(), golden_tensor(row["kl_approx_grad"]["theta"]), tolerance::kDoubleSum))
        << name;
    if (name == "additive") {
      EXPECT_TRUE(
          close(mean.grad(), golden_tensor(row["kl_approx_grad"]["mu"]), tolerance::kDoubleSum));
    }
  }
}

TEST(VarianceConv2d, MeetsTheGoldenMoments) {
  const Json& g = golden()["conv"];
  const at::Tensor a = golden_tensor(g["a"]), weight = golden_tensor(g["weight"]);
  const at::Tensor log_alpha = at::full({1}, g["log_alpha"].get<double>(), at::kDouble);
  for (const auto& [stride, end] : {std::pair(1, ""), std::pair(2, "_stride2")}) {
    const auto layer =
        layer_kinds()
            .at("variance_conv2d")
            .make({{"out", 2}, {"kernel", 3}, {"stride", stride}, {"padding", 1}, {"bias", true}},
                  {2, 4, 4});
    for (Parameter& parameter : layer->parameters()) {
      *parameter.tensor = parameter.name == "mean"        ? weight
                          : parameter.name == "log_alpha" ? log_alpha
                                                          : golden_tensor(g["bias"]);
    }
    auto* variance = dynamic_cast<VarianceLayer*>(layer.get());
    const auto moments = variance->moments(a, variance->mean(), variance->weight_variance());
    EXPECT_TRUE(
        close(moments.mean, golden_tensor(g[std::string("m") + end]), tolerance::kDoubleFormula));
    EXPECT_TRUE(close(moments.variance, golden_tensor(g[std::string("v") + end]),
                      tolerance::kDoubleFormula));
    EXPECT_EQ(layer->output_shape(), (Shape{2, 4 / stride, 4 / stride}));
  }
}

TEST(InitialValues, AreThoseOfTheTable) {
  const double k = 1 / std::sqrt(18.0);  // fan_in 2 x 3 x 3
  for (const std::string& name : parameterizations().names()) {
    const auto layer =
        layer_kinds()
            .at("variance_conv2d")
            .make({{"out", 200}, {"kernel", 3}, {"parameterization", name}, {"bias", true}},
                  {2, 6, 6});
    layer->initialize({4, Stream::initial_value, 1, 0});
    for (const Parameter& parameter : layer->parameters()) {
      const at::Tensor t = *parameter.tensor;
      const std::string what = name + " " + parameter.name;
      const double count = static_cast<double>(t.numel());
      if (parameter.name == "mean" || parameter.name == "bias") {
        EXPECT_LE(t.abs().max().item<double>(), k) << what;
        EXPECT_NEAR(t.square().mean().item<double>(), k * k / 3,
                    5 * k * k * std::sqrt(4 / 45.0 / count))
            << what;
      } else if (name == "additive") {
        EXPECT_NEAR(t.min().item<double>(), 2 * std::log(k) - 5, tolerance::kFloatGradient) << what;
        EXPECT_NEAR(t.max().item<double>(), 2 * std::log(k) - 5, tolerance::kFloatGradient) << what;
      } else if (name == "zero_centred") {
        EXPECT_LE(t.max().item<double>(), 2 * std::log(k) + tolerance::kFloatGradient) << what;
        EXPECT_NEAR(t.exp().mean().item<double>(), k * k / 3,
                    5 * k * k * std::sqrt(4 / 45.0 / count))
            << what;
      } else {
        EXPECT_TRUE((t == -5).all().item<bool>()) << what;
      }
    }
  }
  const auto constant =
      layer_kinds()
          .at("variance_dense")
          .make({{"out", 3}, {"parameterization", "zero_centred"}, {"log_sigma2", -3}}, {4});
  EXPECT_TRUE((*constant->parameters()[0].tensor == -3).all().item<bool>());
}

TEST(SampleOutput, HasTheSameBitsChannelsLast) {
  at::manual_seed(2);
  for (const Shape& shape :
       {Shape{3, 6, 5, 4}, Shape{2, 8, 3, 3}, Shape{2, 1, 4, 4}, Shape{2, 5, 1, 1}}) {
    const at::Tensor m = at::randn(shape).to(test_device()), v = at::rand(shape).to(test_device());
    const Forward how = sampled(shape[0], 3);
    const at::Tensor first = sample_output(m, v, how, 5);
    const at::Tensor last = sample_output(m, v.contiguous(at::MemoryFormat::ChannelsLast), how, 5);
    EXPECT_TRUE(at::equal(first, last)) << shape_text(shape);
  }
}

Json spec_of(const Combination& one) {
  Json options = one.options();
  options["bias"] = false;
  Json layers = Json::array();
  if (one.conv()) {
    layers = {{{one.kind, options}}, "batch_norm", "relu", {{"dense", {{"out", 3}}}}};
  } else {
    layers = {{{one.kind, options}}, "batch_norm", "softplus", {{"dense", {{"out", 3}}}}};
  }
  return {{"input", {2, 5, 4}}, {"classes", 3}, {"layers", layers}};
}

ImageSet small_images() {
  ImageSet set{2, 5, 4, {}, {}, {}};
  for (int n = 0; n < 24; ++n) {
    for (int i = 0; i < 40; ++i)
      set.pixels.push_back(static_cast<std::uint8_t>((n * 37 + i * (n % 3 + 1) * 11) % 256));
    set.labels.push_back(n % 3);
    set.index.push_back(n);
  }
  return set;
}

Snapshot trained(const Combination& one, std::int64_t before, std::int64_t after) {
  const DeviceImages images = to_device(small_images(), Split::train, test_device());
  TrainConfig config;
  config.epochs = 2;
  config.batch_size = 8;
  config.learning_rate = 0.01;
  const std::atomic<bool> stop{false};
  set_numerics(true, false);
  const auto run = [&](Trainer& trainer, std::int64_t epochs) {
    for (std::int64_t e = 0; e < epochs; ++e) trainer.run_epoch([](std::int64_t) {}, stop);
  };
  Network first(spec_of(one));
  first.initialize(3);
  first.to(test_device());
  Trainer trainer(first, images, config);
  run(trainer, before);
  if (after == 0) return trainer.snapshot();
  Network second(spec_of(one));
  second.to(test_device());
  Trainer resumed(second, images, config);
  resumed.restore(trainer.snapshot());
  run(resumed, after);
  return resumed.snapshot();
}

std::map<std::string, std::vector<std::byte>> bytes_of(const Snapshot& snapshot) {
  std::map<std::string, std::vector<std::byte>> all;
  for (const auto* arrays : {&snapshot.parameters, &snapshot.buffers, &snapshot.optimizer}) {
    for (const Array& array : *arrays) {
      const auto* first = reinterpret_cast<const std::byte*>(array.bytes.data());
      all[array.name] = {first, first + array.bytes.size()};
    }
  }
  return all;
}

TEST(EveryVarianceLayer, ResumesBitForBit) {
  for (const Combination& one : combinations(true)) {
    const auto whole = bytes_of(trained(one, 2, 0));
    EXPECT_EQ(whole, bytes_of(trained(one, 1, 1))) << one.name();
    EXPECT_NE(whole, bytes_of(trained(one, 1, 0))) << one.name();
  }
}

TEST(EveryVarianceLayer, IsStoredAndReadBack) {
  for (const Combination& one : without_priors()) {
    const Snapshot snapshot = trained(one, 1, 0);
    Network network(spec_of(one));
    load_network(network, snapshot);
    Snapshot again;
    store_network(network, again);
    ASSERT_EQ(again.parameters.size(), snapshot.parameters.size());
    std::vector<std::string> names;
    for (std::size_t i = 0; i < again.parameters.size(); ++i) {
      EXPECT_EQ(again.parameters[i].bytes, snapshot.parameters[i].bytes)
          << snapshot.parameters[i].name;
      names.push_back(again.parameters[i].name);
    }
    const std::string stem = one.conv() ? "conv1/" : "dense1/";
    const bool means = one.parameterization != "zero_centred";
    EXPECT_EQ(std::count(names.begin(), names.end(), stem + "mean"), means ? 1 : 0);
    const bool log_sigma2 = one.parameterization == "additive" || !means;
    EXPECT_EQ(
        std::count(names.begin(), names.end(), stem + (log_sigma2 ? "log_sigma2" : "log_alpha")),
        1);
    network.to(test_device());
    const auto reported = Trainer(network, to_device(small_images(), Split::train, test_device()),
                                  [] {
                                    TrainConfig config;
                                    config.batch_size = 8;
                                    return config;
                                  }())
                              .log_alpha();
    EXPECT_EQ(reported.size(), means ? 1U : 0U) << one.name();
  }
}

TEST(LogUniformSampled, DrawsAnewAtEveryStepAndAlikeOnEveryDevice) {
  const Combination one{"variance_conv2d", "weight", "log_uniform_sampled"};
  const Made made = make(one);
  const auto kl_at = [&](std::int64_t epoch, std::int64_t step) {
    return made.variance->kl(sampled(1, epoch), at::full({1}, step, at::kLong).to(test_device()))
        .item<double>();
  };
  EXPECT_EQ(kl_at(1, 2), kl_at(1, 2));
  EXPECT_NE(kl_at(1, 2), kl_at(1, 3));
  EXPECT_NE(kl_at(1, 2), kl_at(2, 2));
  // By hand: unit = flat index, example = step, member = epoch.
  const at::Tensor la = made.variance->theta().detach().to(at::kCPU, at::kDouble).flatten();
  at::Tensor eps = at::empty({la.numel()}, at::kFloat);
  fill_normals({9, Stream::kl_sample, kNumber, 0}, 2, 1, la.numel(), eps.data_ptr<float>());
  const double wanted = ((1 + (la * 0.5).exp() * eps.to(at::kDouble)).abs().log() - la * 0.5 +
                         (0.57721566490153286 + std::log(2.0)) / 2)
                            .sum()
                            .item<double>();
  EXPECT_NEAR(kl_at(1, 2), wanted, tolerance::kFloatGradient * std::abs(wanted));
}

}  // namespace
}  // namespace varphase
