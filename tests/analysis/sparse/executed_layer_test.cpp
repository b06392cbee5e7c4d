// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/executed_layer.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>

#include "analysis/predict/trunk.hpp"
#include "src/base/error.hpp"
#include "src/models/network.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/numerics.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

/// A pruned layer with its masked weights, dense, on the test's device.
struct Pruned {
  PrunedLayer layer;
  at::Tensor mean, variance;
  ConvGeometry geometry;

  Pruned(const at::Tensor& keep, const std::string& rule, const ConvGeometry* convolution = nullptr)
      : geometry(convolution != nullptr ? *convolution : ConvGeometry{keep.size(1)}) {
    const std::vector<std::int64_t> shape = keep.sizes().vec();
    const at::Tensor mu = at::randn(shape), sigma2 = at::rand(shape);
    const at::Tensor bytes = keep.to(at::kByte).contiguous();
    const auto floats = [](const at::Tensor& t) {
      return std::span<const float>(t.data_ptr<float>(), static_cast<std::size_t>(t.numel()));
    };
    layer =
        make_pruned_layer("dense1", shape, rule, "layer", floats(mu), floats(sigma2),
                          {bytes.data_ptr<std::uint8_t>(), static_cast<std::size_t>(keep.numel())});
    mean = (rule == "zero" ? mu * keep : mu).to(test_device());
    variance = (sigma2 * keep).to(test_device());
  }
  ExecutedLayer executed(std::optional<ExecutionForm> form = std::nullopt) const {
    return {layer, mean, variance, geometry, form};
  }
  std::shared_ptr<const ExecutedLayer> shared(ExecutionForm form) const {
    return std::make_shared<ExecutedLayer>(layer, mean, variance, geometry, form);
  }
};

at::Tensor scattered(const std::vector<std::int64_t>& shape, double kept) {
  at::Tensor keep = at::rand(shape) < kept;
  keep.narrow(0, 1, shape[0] / 3).zero_();
  keep.narrow(1, 2, shape[1] / 2).zero_();
  return keep;
}

// A layer without a weight has moments of 0, which no relative error measures.
testing::AssertionResult meets(const at::Tensor& got, const at::Tensor& wanted) {
  return got.sizes() == wanted.sizes() && got.abs().max().item<float>() == 0 &&
                 wanted.abs().max().item<double>() == 0
             ? testing::AssertionSuccess()
             : close(got, wanted, tolerance::kFloatSquares);
}

/// Every form, of both moments and of each alone, twice.
void expect_forms(const ExecutedLayer& executed, const at::Tensor& x, const at::Tensor& bias,
                  const at::Tensor& m, const at::Tensor& v, const std::string& which) {
  for (const ExecutionForm form : kExecutionForms) {
    const std::string what = fmt::format("{}, {}", execution_form_name(form), which);
    const OutputMoments both = executed.moments_by(form, x, bias, {});
    EXPECT_TRUE(meets(both.mean, m)) << what;
    EXPECT_TRUE(meets(both.variance, v)) << what;
    const OutputMoments mean = executed.moments_by(form, x, bias, {true, false});
    EXPECT_TRUE(meets(mean.mean, m)) << what;
    EXPECT_FALSE(mean.variance.defined());
    const OutputMoments variance = executed.moments_by(form, x, bias, {false, true});
    EXPECT_TRUE(meets(variance.variance, v)) << what;
    EXPECT_FALSE(variance.mean.defined());
    const OutputMoments again = executed.moments_by(form, x, bias, {});
    EXPECT_TRUE(at::equal(again.mean, both.mean) && at::equal(again.variance, both.variance));
  }
  EXPECT_TRUE(meets(executed.moments(x, bias, {}).mean, m)) << which;
}

TEST(ExecutedLayer, EveryFormMeetsTheMaskedDenseProductInFloat64) {
  at::manual_seed(1);
  use_torch_threads();
  const at::Tensor masks[] = {scattered({40, 60}, 0.1), at::rand({40, 60}) < 0.5,
                              at::ones({40, 60}, at::kBool), at::zeros({40, 60}, at::kBool)};
  for (const at::Tensor& keep : masks) {
    for (const std::string rule : {"zero", "mean"}) {
      const Pruned pruned(keep, rule);
      for (const bool with_bias : {true, false}) {
        const at::Tensor x = at::randn({37, 60}).to(test_device());
        const at::Tensor bias = with_bias ? at::randn({40}).to(test_device()) : at::Tensor();
        at::Tensor m = x.to(at::kDouble).mm(pruned.mean.to(at::kDouble).t());
        if (with_bias) m = m + bias;
        const at::Tensor v = x.to(at::kDouble).square().mm(pruned.variance.to(at::kDouble).t());
        expect_forms(pruned.executed(), x, bias, m, v,
                     fmt::format("rule {}, {} kept", rule, keep.sum().item<std::int64_t>()));
      }
    }
  }
}

TEST(ExecutedLayer, EveryFormMeetsTheMaskedConvolutionInFloat64) {
  const IeeeFloat32 ieee;  // as where such a layer runs; cuDNN may take TF32 else
  at::manual_seed(5);
  use_torch_threads();
  const ConvGeometry geometries[] = {
      {6, 9, 7, 3, 2, 1, 5, 4}, {6, 2, 2, 3, 1, 1, 2, 2}, {6, 5, 6, 1, 1, 0, 5, 6}};
  for (const ConvGeometry& g : geometries) {
    const std::vector<std::int64_t> shape{20, g.channels, g.kernel, g.kernel};
    const at::Tensor masks[] = {scattered(shape, 0.3), at::rand(shape) < 0.5,
                                at::zeros(shape, at::kBool)};
    for (const at::Tensor& keep : masks) {
      for (const std::string rule : {"zero", "mean"}) {
        const Pruned pruned(keep, rule, &g);
        for (const bool with_bias : {true, false}) {
          const at::Tensor x = at::randn({19, g.channels, g.height, g.width}).to(test_device());
          const at::Tensor bias = with_bias ? at::randn({20}).to(test_device()) : at::Tensor();
          const auto convolved = [&](const at::Tensor& input, const at::Tensor& weight) {
            return at::conv2d(input.to(at::kDouble), weight.to(at::kDouble), {}, g.stride,
                              g.padding);
          };
          at::Tensor m = convolved(x, pruned.mean);
          if (with_bias) m = m + bias.reshape({-1, 1, 1});
          const at::Tensor v = convolved(x.to(at::kDouble).square(), pruned.variance);
          const std::string what =
              fmt::format("kernel {} of {} x {}, rule {}, {} kept", g.kernel, g.height, g.width,
                          rule, keep.sum().item<std::int64_t>());
          expect_forms(pruned.executed(), x, bias, m, v, what);
          expect_forms(pruned.executed(), x.contiguous(at::MemoryFormat::ChannelsLast), bias, m, v,
                       fmt::format("{}, channels last", what));
        }
      }
    }
  }
}

TEST(ExecutedLayer, MeasuresOnceForASizeAndKeepsTheFastest) {
  at::manual_seed(2);
  const Pruned pruned(at::rand({300, 400}) < 0.02, "zero");
  const ExecutedLayer executed = pruned.executed();
  const at::Tensor x = at::randn({600, 400}).to(test_device());
  executed.moments(x, {}, {});
  ASSERT_EQ(executed.choices().size(), 1U);
  const FormChoice first = executed.choices().front();
  executed.moments(x.narrow(0, 0, 520), {}, {});  // of the same size, to powers of two
  ASSERT_EQ(executed.choices().size(), 1U);
  EXPECT_EQ(executed.choices().front().seconds, first.seconds);
  executed.moments(x.narrow(0, 0, 3), {}, {});
  EXPECT_EQ(executed.choices().size(), 2U);
  for (const FormChoice& choice : executed.choices()) {
    const double chosen = choice.seconds.at(choice.form);
    EXPECT_LE(chosen, choice.seconds.at(ExecutionForm::dense));
    for (const auto& [form, seconds] : choice.seconds)
      EXPECT_TRUE(chosen <= seconds || choice.form == ExecutionForm::dense);
  }
  const ExecutedLayer given = pruned.executed(ExecutionForm::csr);
  given.moments(x, {}, {});
  EXPECT_TRUE(given.choices().empty());
}

TEST(ExecutedLayer, StatesTheBytesOfItsForms) {
  at::Tensor keep = at::zeros({10, 20}, at::kBool);
  keep[3][4] = keep[3][5] = keep[7][4] = true;
  const ExecutedLayer zero = Pruned(keep, "zero").executed();
  EXPECT_EQ(zero.bytes(ExecutionForm::dense), 2 * 4 * 200);
  EXPECT_EQ(zero.bytes(ExecutionForm::csr), 4 * 11 + 3 * (4 + 4 + 4));
  EXPECT_EQ(zero.bytes(ExecutionForm::compact), 8 * (2 + 2) + 2 * 4 * 4);
  const ExecutedLayer mean = Pruned(keep, "mean").executed();
  EXPECT_EQ(mean.bytes(ExecutionForm::csr), 4 * 200 + 4 * 11 + 3 * (4 + 4));
}

TEST(ExecutedLayer, ServesALayerOfANetwork) {
  at::manual_seed(3);
  Network network(Json::parse(R"({"input": [1, 6, 10], "classes": 3, "layers": [
    {"variance_dense": {"out": 40, "bias": true}}, "softplus", {"dense": {"out": 3}}]})"));
  network.initialize(1);
  network.to(test_device());
  auto* layer = network.variance_layers().front();
  const Pruned pruned(scattered({40, 60}, 0.2), "zero");
  const at::Tensor x = at::randn({50, 1, 6, 10}).to(test_device());
  const Forward mean{};
  const Forward sampled{Mode::sampled,
                        false,
                        {5, Stream::evaluation, 0, 2},
                        at::arange(50, x.options().dtype(at::kLong)),
                        at::zeros({1}, x.options().dtype(at::kLong))};
  Forward zero_mean = sampled;
  zero_mean.mode = Mode::zero_mean;
  const at::NoGradGuard no_gradients;
  layer->override_weights(pruned.mean, pruned.variance);
  std::vector<at::Tensor> dense;
  for (const Forward& how : {mean, sampled, zero_mean}) dense.push_back(network.forward(x, how));
  for (const ExecutionForm form : kExecutionForms) {
    layer->execute_by(pruned.shared(form));
    std::size_t i = 0;
    for (const Forward& how : {mean, sampled, zero_mean})
      EXPECT_TRUE(close(network.forward(x, how), dense[i++], tolerance::kFloatLongSum))
          << execution_form_name(form);
  }
  // Other weights: the form of the old ones must not stay.
  const Pruned other(scattered({40, 60}, 0.2), "zero");
  layer->override_weights(other.mean, other.variance);
  EXPECT_FALSE(close(network.forward(x, mean), dense[0], tolerance::kClearlyOther));
}

TEST(ExecutedLayer, LeavesGradientsToTheDenseProduct) {
  at::manual_seed(4);
  Network network(Json::parse(R"({"input": [1, 1, 6], "classes": 2, "layers": [
    {"variance_dense": {"out": 4}}, {"dense": {"out": 2}}]})"));
  network.to(test_device());
  auto* layer = network.variance_layers().front();
  const Pruned pruned(at::rand({4, 6}) < 0.5, "zero");
  layer->override_weights(pruned.mean, pruned.variance);
  layer->execute_by(pruned.shared(ExecutionForm::csr));
  const at::Tensor x = at::randn({3, 1, 1, 6}).to(test_device()).set_requires_grad(true);
  layer->effective_moments(x, {true, false}).mean.sum().backward();
  EXPECT_TRUE(
      close(x.grad().flatten(1), pruned.mean.sum(0).expand({3, 6}), tolerance::kFloatSteps));
}

TEST(ExecutedLayer, RefusesWhatDoesNotFit) {
  const Pruned pruned(at::ones({4, 6}, at::kBool), "zero");
  PrunedLayer conv = pruned.layer;
  conv.shape = {4, 6, 1, 1};
  const auto refuses = [](const auto& work, const std::string& wanted) {
    try {
      work();
      return testing::AssertionFailure() << "took it";
    } catch (const Error& error) {
      return error.kind() == ErrorKind::shape &&
                     std::string(error.what()).find(wanted) != std::string::npos
                 ? testing::AssertionSuccess()
                 : testing::AssertionFailure() << error.what();
    }
  };
  EXPECT_TRUE(refuses([&] { ExecutedLayer(conv, pruned.mean, pruned.variance, {6}, {}); },
                      "wants weights [4, 6, 1, 1], got [4, 6]"));
  EXPECT_TRUE(refuses([&] { ExecutedLayer(pruned.layer, pruned.mean, pruned.variance, {5}, {}); },
                      "wants weights [4, 5], got [4, 6]"));
  const ExecutedLayer executed = pruned.executed(ExecutionForm::csr);
  const at::TensorOptions here = pruned.mean.options();
  EXPECT_TRUE(refuses(
      [&] {
        executed.moments(at::zeros({3, 5}, here), {}, {});
      },
      "wants float32 inputs [6]"));
  const ConvGeometry g{6, 2, 2, 3, 1, 1, 2, 2};
  const ExecutedLayer convolves =
      Pruned(at::ones({4, 6, 3, 3}, at::kBool), "zero", &g).executed(ExecutionForm::csr);
  EXPECT_TRUE(refuses(
      [&] {
        convolves.moments(at::zeros({3, 6, 1, 1}, here), {}, {});
      },
      "wants float32 inputs [6, 2, 2]"));
}

TEST(ExecutedLayer, NamesItsForms) {
  EXPECT_FALSE(execution_form_from_name("auto").has_value());
  for (const ExecutionForm form : kExecutionForms)
    EXPECT_EQ(execution_form_from_name(execution_form_name(form)), form);
  EXPECT_THROW(execution_form_from_name("crs"), Error);
}

}  // namespace
}  // namespace varphase
