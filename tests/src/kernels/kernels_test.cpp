// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "src/kernels/activation.hpp"
#include "src/kernels/float32_product.hpp"
#include "src/kernels/output_curvature.hpp"
#include "src/kernels/prediction_scores.hpp"
#include "src/layers/activation_layer.hpp"
#include "src/layers/sampling.hpp"
#include "src/models/network.hpp"
#include "src/variance/torch_kernels.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"

namespace varphase {
namespace {

at::Tensor wide(const at::Tensor& tensor) { return tensor.detach().to(at::kCPU).to(at::kDouble); }

/// A network of conv (or none), batch norm, activation and pooling (or none), with random weights
/// and statistics, ended by a dense layer as every network is.
struct Tail {
  Json spec;
  Network network;

  explicit Tail(const Json& with) : spec(with), network(with) {
    network.initialize(3);
    for (const auto& entry : network.parameters()) {
      if (entry.name.rfind("batch_norm", 0) == 0)
        *entry.parameter.tensor = at::rand_like(*entry.parameter.tensor) + 0.5;
    }
    for (const auto& entry : network.buffers()) {
      *entry.buffer.tensor = entry.name.find("var") != std::string::npos
                                 ? at::rand_like(*entry.buffer.tensor) + 0.5
                                 : at::rand_like(*entry.buffer.tensor) + 1;
    }
    network.to(test_device());
  }
  at::Tensor parameter(const std::string& name) const {
    for (const auto& entry : network.parameters()) {
      if (entry.name == name) return *entry.parameter.tensor;
    }
    throw std::runtime_error(name);
  }
  at::Tensor buffer(const std::string& name) const {
    for (const auto& entry : network.buffers()) {
      if (entry.name == name) return *entry.buffer.tensor;
    }
    throw std::runtime_error(name);
  }
  std::size_t dense() const { return network.layers().size() - 1; }
};

Json norm_pool_spec(std::int64_t channels, std::int64_t side, const std::string& phi,
                    std::int64_t pool) {
  Json layers = Json::array({"batch_norm", phi});
  if (pool > 1) layers.push_back({{"max_pool", pool}});
  layers.push_back({{"dense", {{"out", 2}}}});
  return {{"input", {channels, side, side}}, {"classes", 2}, {"layers", layers}};
}

Activation activation_of(const std::string& phi) {
  return phi == "relu"       ? Activation::relu
         : phi == "softplus" ? Activation::softplus
                             : Activation::tanh;
}

TEST(NormPool, MeetsFloat64AutogradInTraining) {
  at::manual_seed(1);
  for (const std::string phi : {"relu", "softplus", "tanh"}) {
    for (const std::int64_t channels : {1, 3, 16, 20, 37, 300}) {
      for (const std::int64_t pool : {1, 2, 3}) {
        const std::string what = fmt::format("{} {} channels, pool {}", phi, channels, pool);
        Tail tail(norm_pool_spec(channels, 7, phi, pool));
        tail.network.require_gradients();
        const at::Tensor x =
            (at::randn({13, channels, 7, 7}) * 2 + 3).to(test_device()).set_requires_grad(true);
        const at::Tensor old_mean = wide(tail.buffer("batch_norm1/running_mean"));
        const at::Tensor old_var = wide(tail.buffer("batch_norm1/running_var"));

        const at::Tensor rx = wide(x).set_requires_grad(true);
        const at::Tensor rw = wide(tail.parameter("batch_norm1/weight")).set_requires_grad(true);
        const at::Tensor rb = wide(tail.parameter("batch_norm1/bias")).set_requires_grad(true);
        const at::Tensor new_mean = old_mean.clone(), new_var = old_var.clone();
        at::Tensor ry =
            activate(activation_of(phi), 1,
                     at::batch_norm(rx, rw, rb, new_mean, new_var, true, 0.1, 1e-5, false));
        if (pool > 1) ry = at::max_pool2d(ry, {pool, pool});

        Forward how;
        how.training = true;
        const at::Tensor y = tail.network.forward_range(x, how, 0, tail.dense());
        EXPECT_TRUE(close(wide(y), ry.detach(), 2e-6)) << what;
        EXPECT_TRUE(close(wide(tail.buffer("batch_norm1/running_mean")), new_mean, 1e-6)) << what;
        EXPECT_TRUE(close(wide(tail.buffer("batch_norm1/running_var")), new_var, 1e-6)) << what;

        const at::Tensor g = at::randn(ry.sizes());
        ry.backward(g.to(at::kDouble));
        y.backward(g.to(test_device()));
        EXPECT_TRUE(close(wide(x.grad()), rx.grad(), 1e-5)) << what;
        EXPECT_TRUE(close(wide(tail.parameter("batch_norm1/weight").grad()), rw.grad(), 1e-5))
            << what;
        EXPECT_TRUE(close(wide(tail.parameter("batch_norm1/bias").grad()), rb.grad(), 1e-5))
            << what;
      }
    }
  }
}

TEST(NormPool, MeetsFloat64BehindADenseLayer) {
  at::manual_seed(1);
  for (const std::string phi : {"relu", "softplus"}) {
    Tail tail(Json::parse(fmt::format(
        R"({{"input": [1, 4, 5], "classes": 2, "layers": [{{"dense": {{"out": 500}}}}, "batch_norm", "{}",
            {{"dense": {{"out": 2}}}}]}})",
        phi)));
    tail.network.require_gradients();
    const at::Tensor x = at::randn({200, 500}).to(test_device()).set_requires_grad(true);
    const at::Tensor rx = wide(x).set_requires_grad(true);
    const at::Tensor ry = activate(
        activation_of(phi), 1,
        at::batch_norm(rx, wide(tail.parameter("batch_norm1/weight")),
                       wide(tail.parameter("batch_norm1/bias")), {}, {}, true, 0.1, 1e-5, false));
    Forward how;
    how.training = true;
    const at::Tensor y = tail.network.forward_range(x, how, 1, 3);
    EXPECT_TRUE(close(wide(y), ry.detach(), 2e-6)) << phi;
    const at::Tensor g = at::randn(ry.sizes());
    ry.backward(g.to(at::kDouble));
    y.backward(g.to(test_device()));
    EXPECT_TRUE(close(wide(x.grad()), rx.grad(), 1e-5)) << phi;
  }
}

TEST(ConvPool, MeetsFloat64InEvalMode) {
  at::manual_seed(1);
  const at::NoGradGuard no_gradients;
  for (const std::int64_t kernel : {3, 5}) {
    for (const auto& [in, out] : {std::pair<int, int>{1, 20}, {3, 7}, {20, 50}, {4, 33}}) {
      for (const std::int64_t side : {12, 9}) {
        for (const std::string phi : {"relu", "tanh"}) {
          const std::string what =
              fmt::format("{} to {}, kernel {}, side {}, {}", in, out, kernel, side, phi);
          Tail tail(Json{{"input", {in, side, side}},
                         {"classes", 2},
                         {"layers",
                          {{{"conv2d", {{"out", out}, {"kernel", kernel}, {"bias", out == 7}}}},
                           "batch_norm",
                           phi,
                           {{"max_pool", 2}},
                           {{"dense", {{"out", 2}}}}}}});
          const at::Tensor x = at::randn({37, in, side, side});
          at::Tensor bias;
          if (out == 7) bias = wide(tail.parameter("conv1/bias"));
          const at::Tensor h = at::batch_norm(
              at::conv2d(x.to(at::kDouble), wide(tail.parameter("conv1/weight")), bias),
              wide(tail.parameter("batch_norm1/weight")), wide(tail.parameter("batch_norm1/bias")),
              wide(tail.buffer("batch_norm1/running_mean")),
              wide(tail.buffer("batch_norm1/running_var")), false, 0.1, 1e-5, false);
          const at::Tensor wanted = at::max_pool2d(activate(activation_of(phi), 1, h), {2, 2});
          const at::Tensor got =
              tail.network.forward_range(x.to(test_device()), Forward{}, 0, tail.dense());
          // Sums of up to 500 products in float32.
          EXPECT_TRUE(close(wide(got), wanted, 1e-5)) << what;
        }
      }
    }
  }
}

TEST(Float32Product, HasFloat32Digits) {
  at::manual_seed(1);
  for (const auto& [m, n, k] :
       {std::array<std::int64_t, 3>{300, 500, 800}, {1, 4, 4}, {129, 132, 20}, {1000, 12, 2000}}) {
    const at::Tensor a = at::randn({m, k}).to(test_device()),
                     b = at::randn({n, k}).to(test_device());
    const at::Tensor c = at::full({m, n}, 7.0, a.options());
    ASSERT_TRUE(float32_product_fits(m, n, k));
    product_of_rows(data_of<float>(a), data_of<float>(b), m, n, k, data_of<float>(c), where_of(a));
    EXPECT_TRUE(close(wide(c), wide(a).mm(wide(b).t()), 2e-6)) << m << ' ' << n << ' ' << k;
  }
  for (const auto& [m, n, k] :
       {std::array<std::int64_t, 3>{500, 800, 3001}, {4, 4, 1}, {132, 20, 700}}) {
    const at::Tensor a = at::randn({k, m}).to(test_device()),
                     b = at::randn({k, n}).to(test_device());
    const at::Tensor c = at::randn({m, n}).to(test_device());
    const at::Tensor wanted = wide(c) + wide(a).t().mm(wide(b).square());
    const at::Tensor parts = at::empty({product_parts(m, n, k), m, n}, a.options());
    add_product_with_squares(data_of<float>(a), data_of<float>(b), m, n, k, data_of<float>(c),
                             data_of<float>(parts), where_of(a));
    // A plain sum of 3,001 products; TF32 alone would err by 3e-4.
    EXPECT_TRUE(close(wide(c), wanted, 5e-6)) << m << ' ' << n << ' ' << k;
  }
}

/// Diagonal of the Hessian of one image's loss in b, by double backward in float64.
at::Tensor curvature_by_autograd(const at::Tensor& b, const at::Tensor& scale,
                                 const at::Tensor& shift, const at::Tensor& weight,
                                 const at::Tensor& bias, const at::Tensor& labels,
                                 Activation activation) {
  const at::Tensor x = wide(b).set_requires_grad(true);
  const at::Tensor logits =
      at::linear(activate(activation, 1, x * wide(scale) + wide(shift)), wide(weight), wide(bias));
  const at::Tensor loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum);
  const at::Tensor gradient = torch::autograd::grad({loss}, {x}, {}, true, true)[0];
  at::Tensor diagonal = at::zeros_like(x);
  for (std::int64_t j = 0; j < x.size(1); ++j) {
    // Images do not mix: the sum over them gives every image's own second derivative.
    const auto column =
        torch::autograd::grad({gradient.select(1, j).sum()}, {x}, {}, true, false, true)[0];
    if (column.defined()) diagonal.select(1, j).copy_(column.select(1, j));
  }
  return diagonal.detach();
}

TEST(OutputCurvature, MeetsFloat64DoubleBackward) {
  at::manual_seed(1);
  for (const Activation activation : {Activation::softplus, Activation::tanh, Activation::relu}) {
    for (const std::int64_t classes : {3, 10, 13, 40}) {
      for (const std::int64_t units : {37, 132}) {
        if (units == 132 && activation != Activation::softplus) continue;
        const std::int64_t rows = 9;
        const at::Tensor b = at::randn({rows, units}), scale = at::randn({units}),
                         shift = at::randn({units}), weight = at::randn({classes, units}),
                         bias = at::randn({classes});
        const at::Tensor labels = at::randint(classes, {rows}, at::kLong);
        const at::Tensor wanted =
            curvature_by_autograd(b, scale, shift, weight, bias, labels, activation);
        const auto run = [&](auto zero, at::ScalarType type) {
          using T = decltype(zero);
          const auto move = [&](const at::Tensor& t) {
            return t.to(type).to(test_device()).contiguous();
          };
          const at::Tensor db = move(b), ds = move(scale), dt = move(shift), dw = move(weight),
                           dc = move(bias);
          const at::Tensor dl = labels.to(test_device());
          at::Tensor out = at::full_like(db, std::nan(""));
          const Head<T> head{data_of<T>(ds), data_of<T>(dt), data_of<T>(dw), data_of<T>(dc),
                             units,          classes,        activation,     T(1)};
          output_curvature<T>(head, data_of<T>(db), data_of<std::int64_t>(dl), rows,
                              data_of<T>(out), nullptr, where_of(db));
          return wide(out);
        };
        const std::string what = fmt::format("{} classes, {} units, activation {}", classes, units,
                                             static_cast<int>(activation));
        EXPECT_TRUE(close(run(0.0, at::kDouble), wanted, 1e-11)) << what;
        EXPECT_TRUE(close(run(0.0F, at::kFloat), wanted, 2e-5)) << what;
      }
    }
  }
}

TEST(PredictionScores, CountsWonAndLostAgainstTheFirstVariant) {
  at::manual_seed(1);
  // Two images of two classes; variant 1 gains the second and loses the first.
  const at::Tensor p =
      at::tensor({0.9, 0.1, 0.6, 0.4, 0.2, 0.8, 0.3, 0.7}, at::kDouble).reshape({2, 2, 2});
  const at::Tensor log_p = p.log().to(test_device());
  const at::Tensor labels =
      at::tensor({std::int64_t{0}, std::int64_t{1}}, at::kLong).to(test_device());
  const at::Tensor scores = at::empty(
      {prediction_score_parts(2) * 2, static_cast<std::int64_t>(sizeof(VariantScores) / 8)},
      log_p.options());
  prediction_scores(data_of<double>(log_p), data_of<std::int64_t>(labels), 2, 2, 2,
                    reinterpret_cast<VariantScores*>(data_of<double>(scores)), where_of(log_p));
  const at::Tensor host = scores.to(at::kCPU);
  const auto* got = reinterpret_cast<const VariantScores*>(host.data_ptr<double>());
  EXPECT_EQ(got[0].right, 1);
  EXPECT_EQ(got[0].won + got[0].lost, 0);
  EXPECT_EQ(got[1].right, 1);
  EXPECT_EQ(got[1].won, 1);
  EXPECT_EQ(got[1].lost, 1);
  EXPECT_NEAR(got[1].nll, -std::log(0.2) - std::log(0.7), 1e-12);
  EXPECT_NEAR(got[1].brier, 2 * 0.64 + 2 * 0.09, 1e-12);
}

TEST(SampleOutput, HasTheSameBitsOnEveryDevice) {
  at::manual_seed(1);
  for (const Shape& shape : {Shape{50, 500}, Shape{3, 7}, Shape{4, 6, 5, 5}}) {
    const at::Tensor m = at::randn(shape), v = at::rand(shape);
    const auto run = [&](at::Device device) {
      const Forward how{Mode::sampled,
                        false,
                        {12345, Stream::training, 0, 0},
                        (at::arange(shape[0], at::kLong) * 7).to(device),
                        at::full({1}, 11, at::kLong).to(device)};
      return sample_output(m.to(device), v.to(device), how, 5).to(at::kCPU);
    };
    EXPECT_TRUE(at::equal(run(test_device()), run(at::kCPU))) << shape_text(shape);
  }
}

}  // namespace
}  // namespace varphase
