// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstring>

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "src/kernels/curvature/output_curvature.hpp"
#include "src/kernels/layers/activation.hpp"
#include "src/kernels/layers/gather_images.hpp"
#include "src/kernels/predict/prediction_scores.hpp"
#include "src/kernels/products/float32_product.hpp"
#include "src/kernels/support/bfloat16.hpp"
#include "src/layers/activation_layer.hpp"
#include "src/layers/sampling.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

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
        EXPECT_TRUE(close(wide(y), ry.detach(), tolerance::kFloatLayer)) << what;
        EXPECT_TRUE(
            close(wide(tail.buffer("batch_norm1/running_mean")), new_mean, tolerance::kFloatSteps))
            << what;
        EXPECT_TRUE(
            close(wide(tail.buffer("batch_norm1/running_var")), new_var, tolerance::kFloatSteps))
            << what;

        const at::Tensor g = at::randn(ry.sizes());
        ry.backward(g.to(at::kDouble));
        y.backward(g.to(test_device()));
        EXPECT_TRUE(close(wide(x.grad()), rx.grad(), tolerance::kFloatGradient)) << what;
        EXPECT_TRUE(close(wide(tail.parameter("batch_norm1/weight").grad()), rw.grad(),
                          tolerance::kFloatGradient))
            << what;
        EXPECT_TRUE(close(wide(tail.parameter("batch_norm1/bias").grad()), rb.grad(),
                          tolerance::kFloatGradient))
            << what;
      }
    }
  }
}

TEST(NormPool, MeetsFloat64AutogradByRunningStatistics) {
  at::manual_seed(1);
  for (const std::string phi : {"relu", "softplus", "tanh"}) {
    for (const std::int64_t channels : {1, 20, 64}) {
      for (const std::int64_t pool : {1, 2, 3}) {
        for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
          if (type == at::kBFloat16 && !test_device().is_cuda()) continue;  // of a GPU alone
          const std::string what =
              fmt::format("{} {} channels, pool {}, {}", phi, channels, pool, c10::toString(type));
          Tail tail(norm_pool_spec(channels, 7, phi, pool));
          at::Tensor mean = tail.buffer("batch_norm1/running_mean"),
                     var = tail.buffer("batch_norm1/running_var");
          mean.normal_(3, 1);
          var.uniform_(0.5, 4);
          const at::Tensor x = (at::randn({13, channels, 7, 7}) * 2 + 3)
                                   .to(test_device(), type)
                                   .contiguous(at::MemoryFormat::ChannelsLast)
                                   .set_requires_grad(true);
          const at::Tensor rx = wide(x).set_requires_grad(true);
          at::Tensor ry = activate(activation_of(phi), 1,
                                   at::batch_norm(rx, wide(tail.parameter("batch_norm1/weight")),
                                                  wide(tail.parameter("batch_norm1/bias")),
                                                  wide(mean), wide(var), false, 0.1, 1e-5, false));
          if (pool > 1) ry = at::max_pool2d(ry, {pool, pool});
          const at::Tensor g = at::randn(ry.sizes()).to(type);
          ry.backward(g.to(at::kDouble));

          const at::Tensor y = tail.network.forward_range(x, Forward{}, 0, tail.dense());
          EXPECT_EQ(y.scalar_type(), type) << what;
          y.backward(g.to(test_device()));
          const double tolerance = type == at::kFloat ? tolerance::kFloatLayer : 0x1p-8;
          EXPECT_TRUE(close(wide(y), ry.detach(), tolerance)) << what;
          EXPECT_TRUE(close(wide(x.grad()), rx.grad(), tolerance)) << what;
        }
      }
    }
  }
}

TEST(Bfloat16, RoundsAsTorchDoes) {
  at::manual_seed(1);
  at::Tensor x = at::randn({4096}) * at::pow(2.0, at::randn({4096}) * 30);
  const float special[] = {0.0F,          -0.0F, INFINITY, -INFINITY, NAN,
                           1.00390625F,    // halfway, to even: down
                           1.01171875F,    // halfway, to even: up
                           3.4028235e38F,  // rounds to infinity
                           1e-45F};
  for (std::size_t i = 0; i < std::size(special); ++i)
    x[static_cast<std::int64_t>(i)] = static_cast<double>(special[i]);
  const at::Tensor narrow = x.to(at::kBFloat16);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const auto bits = static_cast<std::uint16_t>(narrow.data_ptr<at::BFloat16>()[i].x);
    const Bfloat16 own = narrowed<Bfloat16>(x.data_ptr<float>()[i]);
    if (std::isnan(x.data_ptr<float>()[i])) {
      EXPECT_TRUE(std::isnan(widened(own)));
    } else {
      EXPECT_EQ(own.bits, bits) << x.data_ptr<float>()[i];
      EXPECT_EQ(widened(own), static_cast<float>(narrow.data_ptr<at::BFloat16>()[i]));
    }
  }
}

// Of inputs that bfloat16 holds: all between them and the output is float32, which is rounded once.
TEST(NormPool, Bfloat16IsTheRoundedResult) {
  at::manual_seed(1);
  // Layer by layer, as a CPU runs bfloat16, a rounded batch norm makes ties that pools break
  // anyhow.
  const bool fused = test_device().is_cuda();
  for (const std::string phi : {"relu", "softplus"}) {
    for (const std::int64_t channels : {4, 20, 37, 64, 1100}) {
      for (const std::int64_t pool :
           fused ? std::vector<std::int64_t>{1, 2, 3} : std::vector<std::int64_t>{1}) {
        const std::string what = fmt::format("{} {} channels, pool {}", phi, channels, pool);
        // A dense layer behind the block wants its output channels first, a convolution last.
        Json spec = norm_pool_spec(channels, 7, phi, pool);
        if (channels != 20) {
          spec["layers"].insert(spec["layers"].end() - 1,
                                Json{{"conv2d", {{"out", 1}, {"kernel", 1}}}});
        }
        Tail tail(spec);
        tail.network.require_gradients();
        const at::Tensor x = (at::randn({13, channels, 7, 7}) * 2 + 3)
                                 .to(test_device(), at::kBFloat16)
                                 .contiguous(at::MemoryFormat::ChannelsLast)
                                 .set_requires_grad(true);
        const at::Tensor rx = wide(x).set_requires_grad(true);
        const at::Tensor rw = wide(tail.parameter("batch_norm1/weight")).set_requires_grad(true);
        const at::Tensor rb = wide(tail.parameter("batch_norm1/bias")).set_requires_grad(true);
        at::Tensor ry = activate(activation_of(phi), 1,
                                 at::batch_norm(rx, rw, rb, {}, {}, true, 0.1, 1e-5, false));
        if (pool > 1) ry = at::max_pool2d(ry, {pool, pool});
        const at::Tensor g = at::randn(ry.sizes()).to(at::kBFloat16);
        ry.backward(g.to(at::kDouble));

        Forward how;
        how.training = true;
        const std::size_t last = pool > 1 ? 3 : 2;
        const at::Tensor y = tail.network.forward_range(x, how, 0, last);
        EXPECT_EQ(y.scalar_type(), at::kBFloat16) << what;
        y.backward(g.to(test_device()));
        const double half_step = fused ? 0x1p-8 : 0x1p-6;  // rounded once, or layer by layer
        EXPECT_TRUE(close(wide(y), ry.detach(), half_step)) << what;
        EXPECT_TRUE(close(wide(x.grad()), rx.grad(), half_step)) << what;
        if (fused) {
          const at::Tensor off = (wide(y) - ry.detach()).abs() - half_step * ry.detach().abs();
          EXPECT_LT(off.max().item<double>(), tolerance::kFloatGradient)
              << what;  // each entry to its own half step
        }
        const double sums = fused ? 1e-5 : half_step;
        EXPECT_TRUE(close(wide(tail.parameter("batch_norm1/weight").grad()), rw.grad(), sums))
            << what;
        EXPECT_TRUE(close(wide(tail.parameter("batch_norm1/bias").grad()), rb.grad(), sums))
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
    EXPECT_TRUE(close(wide(y), ry.detach(), tolerance::kFloatLayer)) << phi;
    const at::Tensor g = at::randn(ry.sizes());
    ry.backward(g.to(at::kDouble));
    y.backward(g.to(test_device()));
    EXPECT_TRUE(close(wide(x.grad()), rx.grad(), tolerance::kFloatGradient)) << phi;
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
          EXPECT_TRUE(close(wide(got), wanted, tolerance::kFloatGradient)) << what;
        }
      }
    }
  }
}

TEST(Kernels, HideNoNaN) {
  const at::NoGradGuard no_gradients;
  for (const std::string phi : {"relu", "softplus", "tanh"}) {
    for (const std::int64_t pool : {1, 2}) {
      Tail tail(norm_pool_spec(20, 4, phi, pool));
      at::Tensor x = at::zeros({2, 20, 4, 4});
      for (std::int64_t place = 0; place < 4; ++place) {  // of a window
        x[1][3][2 + place / 2][2 + place % 2] = std::nan("");
        const at::Tensor y =
            wide(tail.network.forward_range(x.to(test_device()), Forward{}, 0, tail.dense()));
        x[1][3][2 + place / 2][2 + place % 2] = 0.5;
        EXPECT_EQ(y.isnan().sum().item<std::int64_t>(), 1) << phi << pool << place;
        EXPECT_TRUE(y[1][3].isnan().any().item<bool>()) << phi << pool << place;
      }
    }
    Tail tail(Json{{"input", {2, 7, 7}},
                   {"classes", 2},
                   {"layers",
                    {{{"conv2d", {{"out", 12}, {"kernel", 3}}}},
                     "batch_norm",
                     phi,
                     {{"max_pool", 2}},
                     {{"dense", {{"out", 2}}}}}}});
    at::Tensor x = at::zeros({3, 2, 7, 7});
    for (const auto& [row, column, windows] :
         {std::tuple(0, 0, 1), {6, 0, 0}, {5, 5, 1}, {2, 2, 4}}) {
      x[2][1][row][column] = std::nan("");
      const at::Tensor y =
          wide(tail.network.forward_range(x.to(test_device()), Forward{}, 0, tail.dense()));
      x[2][1][row][column] = 0;
      // Of every channel, where a pooled convolution looks: 5 x 5 outputs, of which 4 x 4 are
      // pooled.
      EXPECT_EQ(y.isnan().sum().item<std::int64_t>(), 12 * windows) << phi << row << column;
    }
  }
}

TEST(Float32Product, HasFloat32Digits) {
  at::manual_seed(1);
  for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{300, 500, 800},
                                {1, 4, 4},
                                {129, 132, 20},
                                {1000, 12, 2000},
                                {200, 260, 36}}) {
    // Rows of very different size, sums that grow: all positive.
    const at::Tensor a = (at::rand({m, k}) * at::logspace(-30, 30, m).unsqueeze(1))
                             .to(test_device()),
                     b = at::rand({n, k}).to(test_device());
    const at::Tensor c = at::full({m, n}, 7.0, a.options());
    ASSERT_TRUE(float32_product_fits(m, n, k));
    const at::Tensor workspace =
        at::empty({product_of_rows_bytes(m, n, k)}, a.options().dtype(at::kByte));
    product_of_rows(data_of<float>(a), data_of<float>(b), m, n, k, data_of<float>(c),
                    data_of<std::uint8_t>(workspace), where_of(a));
    const at::Tensor wanted = wide(a).mm(wide(b).t());
    // 2,000 products added in float32 one by one.
    EXPECT_LT((wide(c) / wanted - 1).abs().max().item<double>(), tolerance::kFloatGradient)
        << m << ' ' << n << ' ' << k;
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
    EXPECT_TRUE(close(wide(c), wanted, tolerance::kFloatLongSum)) << m << ' ' << n << ' ' << k;
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
        EXPECT_TRUE(close(run(0.0, at::kDouble), wanted, tolerance::kDoubleProduct)) << what;
        EXPECT_TRUE(close(run(0.0F, at::kFloat), wanted, tolerance::kFloatNetwork)) << what;
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
  EXPECT_NEAR(got[1].nll, -std::log(0.2) - std::log(0.7), tolerance::kDoubleSum);
  EXPECT_NEAR(got[1].brier, 2 * 0.64 + 2 * 0.09, tolerance::kDoubleSum);
}

/// An RGB set of 11 images, 6 x 9, whose source indices are not its positions.
ImageSet some_images() {
  ImageSet set;
  set.channels = 3;
  set.height = 6;
  set.width = 9;
  std::uint32_t state = 5;
  for (int n = 0; n < 11; ++n) {
    for (int i = 0; i < 3 * 6 * 9; ++i) {
      state = state * 1664525U + 1013904223U;
      set.pixels.push_back(static_cast<std::uint8_t>(state >> 24U));
    }
    set.labels.push_back(n % 4);
    set.index.push_back(100 + 7 * n);
  }
  return set;
}

struct GatherCase {
  bool normalized;
  bool crop_flip;
  std::int64_t padding;
};
constexpr GatherCase kGatherCases[]{
    {false, false, 0}, {true, false, 0}, {false, true, 0}, {false, true, 4}, {true, true, 2}};

/// What docs/math.md, "Augmentation", says, pixel by pixel, from Philox's words up.
std::vector<float> gathered_by_hand(const ImageSet& set, const std::vector<std::int64_t>& order,
                                    const GatherCase& how, std::uint64_t seed, std::int64_t epoch) {
  std::vector<float> out;
  for (const std::int64_t row : order) {
    const PhiloxBlock words =
        philox(0, static_cast<std::uint32_t>(set.index[static_cast<std::size_t>(row)]),
               static_cast<std::uint32_t>(epoch), 6U << 24U, static_cast<std::uint32_t>(seed),
               static_cast<std::uint32_t>(seed >> 32U));
    const auto place = [&](std::uint32_t word) {
      const double places = 2.0 * static_cast<double>(how.padding) + 1;
      return static_cast<std::int64_t>(std::floor(word * places / 4294967296.0)) - how.padding;
    };
    for (std::int64_t c = 0; c < 3; ++c) {
      for (std::int64_t y = 0; y < 6; ++y) {
        for (std::int64_t x = 0; x < 9; ++x) {
          std::int64_t from_y = y, from_x = x;
          if (how.crop_flip) {
            if (words.x2 >= 0x80000000U) from_x = 8 - x;
            from_y += place(words.x0);
            from_x += place(words.x1);
          }
          const bool inside = from_y >= 0 && from_y < 6 && from_x >= 0 && from_x < 9;
          const std::int64_t at = ((row * 3 + c) * 6 + from_y) * 9 + from_x;
          float value = inside ? static_cast<float>(set.pixels[static_cast<std::size_t>(at)]) *
                                     (1.0F / 255.0F)
                               : 0.0F;
          if (how.normalized) {
            const auto i = static_cast<std::size_t>(c);
            value = (value - static_cast<float>(set.normalization.mean[i])) *
                    static_cast<float>(1 / set.normalization.deviation[i]);
          }
          out.push_back(value);
        }
      }
    }
  }
  return out;
}

TEST(GatherImages, MeetsThePlainDefinitionBitForBitAtAnyBatchSize) {
  constexpr std::uint64_t seed = 0x123456789abcdef0U;
  for (const GatherCase& how : kGatherCases) {
    ImageSet set = some_images();
    if (how.normalized) set.normalization = {{0.49, 0.48, 0.44}, {0.247, 0.243, 0.261}};
    const DeviceImages images = to_device(set, Split::train, test_device());
    const std::vector<std::int64_t> order{3, 1, 10, 0, 4, 8, 7, 2, 9, 5, 6, 3};
    const at::Tensor on_device =
        at::tensor(at::ArrayRef<std::int64_t>(order), at::kLong).to(test_device());
    for (const std::int64_t epoch : {0, 1, 17}) {
      const std::vector<float> wanted = gathered_by_hand(set, order, how, seed, epoch);
      for (const std::int64_t size : {1, 3, 12}) {
        std::vector<float> got;
        for (std::int64_t step = 0; step * size < 12; ++step) {
          ImageBatch batch = empty_batch(images, size);
          fill_batch(images, on_device, at::full({1}, step, on_device.options()), batch,
                     {how.crop_flip, how.padding, seed, at::full({1}, epoch, on_device.options())});
          const at::Tensor host = batch.images.to(at::kCPU);
          got.insert(got.end(), host.data_ptr<float>(), host.data_ptr<float>() + host.numel());
          EXPECT_EQ(batch.example.to(at::kCPU)[0].item<std::int64_t>(),
                    100 + 7 * order[static_cast<std::size_t>(step * size)]);
        }
        ASSERT_EQ(got.size(), wanted.size());
        EXPECT_EQ(std::memcmp(got.data(), wanted.data(), got.size() * sizeof(float)), 0)
            << "normalized " << how.normalized << ", crop-flip " << how.crop_flip << ", padding "
            << how.padding << ", epoch " << epoch << ", batch " << size;
      }
    }
  }
}

TEST(GatherImages, DrawsEveryPlaceAndMirrorsHalf) {
  const std::int64_t epoch = 3;
  const CropFlip how{true, 4, {1, Stream::augmentation, 0, 0}, &epoch};
  std::array<int, 9> rows{}, columns{};
  int mirrored = 0;
  constexpr int kDraws = 90000;
  for (int example = 0; example < kDraws; ++example) {
    const CropFlipDraw draw = draw_crop_flip(how, example);
    ++rows.at(static_cast<std::size_t>(draw.dy + 4));
    ++columns.at(static_cast<std::size_t>(draw.dx + 4));
    mirrored += draw.flip ? 1 : 0;
  }
  // Five standard deviations of a binomial count.
  for (const int count : rows)
    EXPECT_NEAR(count, kDraws / 9, tolerance::kManyStandardErrors * std::sqrt(kDraws * 8.0 / 81));
  for (const int count : columns)
    EXPECT_NEAR(count, kDraws / 9, tolerance::kManyStandardErrors * std::sqrt(kDraws * 8.0 / 81));
  EXPECT_NEAR(mirrored, kDraws / 2, tolerance::kManyStandardErrors * std::sqrt(kDraws / 4.0));
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
