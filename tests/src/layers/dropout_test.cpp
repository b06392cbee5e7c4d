// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cmath>

#include "src/models/network.hpp"
#include "src/noise/normal_fill.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

constexpr std::uint16_t kNumber = 1;

std::unique_ptr<Layer> make(const std::string& kind, double option, const Shape& input) {
  auto layer = layer_kinds().at(kind).make(option, input);
  layer->place(kind + "1", kNumber);
  return layer;
}

Forward sampled(const std::vector<std::int64_t>& example, std::int64_t member,
                at::Device device = test_device()) {
  return {Mode::sampled,
          false,
          {42, Stream::evaluation, 0, 0},
          at::tensor(example, at::kLong).to(device),
          at::full({1}, member, at::kLong).to(device)};
}

TEST(Dropout, KeepsWhatTheGoldenMaskKeeps) {
  const Json& row = golden()["noise"]["dropout"];
  const double keep = row["keep_probability"].get<double>();
  const auto layer = make("dropout", 1 - keep, {8});
  const at::Tensor x = at::arange(1, 9, at::kFloat).reshape({1, 8}).to(test_device());
  const at::Tensor y = layer->forward(
      x, sampled({row["example"].get<std::int64_t>()}, row["member"].get<std::int64_t>()));
  EXPECT_TRUE(close(y, golden_tensor(row["keep"]).reshape({1, 8}) * x.to(at::kCPU) / keep,
                    tolerance::kFloatProduct));
}

TEST(Dropout, TrainingAndEvaluationDrawDifferentMasks) {
  const auto layer = make("dropout", 0.5, {64});
  const at::Tensor x = at::ones({1, 64}).to(test_device());
  Forward how = sampled({3}, 7);
  const at::Tensor evaluated = layer->forward(x, how);
  how.training = true;
  EXPECT_FALSE(at::equal(evaluated, layer->forward(x, how)));
}

TEST(Dropout, OfBfloat16IsTheRoundedResult) {
  for (const std::int64_t channels : {6, 8}) {
    for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      for (const std::string kind : {"dropout", "gaussian_dropout"}) {
        const auto layer = make(kind, 0.4, {channels, 5, 3});
        const at::Tensor narrow = at::randn({2, channels, 5, 3})
                                      .to(test_device(), at::kBFloat16)
                                      .contiguous(format)
                                      .set_requires_grad(true);
        const at::Tensor x = narrow.detach().to(at::kFloat).set_requires_grad(true);
        const at::Tensor y = layer->forward(narrow, sampled({3, 4}, 7));
        const at::Tensor wanted = layer->forward(x, sampled({3, 4}, 7));
        // A CPU leaves the rounding to the layer behind.
        EXPECT_EQ(y.scalar_type(), test_device().is_cuda() ? at::kBFloat16 : at::kFloat);
        EXPECT_TRUE(at::equal(y, wanted.to(y.scalar_type())));
        const at::Tensor g = at::randn(y.sizes()).to(test_device(), at::kBFloat16);
        y.backward(g.to(y.scalar_type()));
        wanted.backward(g.to(at::kFloat));
        EXPECT_TRUE(at::equal(narrow.grad(), x.grad().to(at::kBFloat16)));
      }
    }
  }
}

TEST(Dropout, LetsTheModeDecide) {
  for (const auto& [kind, option] :
       {std::pair("dropout", 0.5), std::pair("gaussian_dropout", 0.5)}) {
    const auto layer = make(kind, option, {100});
    const at::Tensor x = at::ones({2, 100}).to(test_device());
    for (const bool training : {false, true}) {
      Forward how = sampled({3, 4}, 0);
      how.training = training;
      EXPECT_FALSE(at::equal(layer->forward(x, how), x)) << kind;
      how.mode = Mode::zero_mean;
      EXPECT_FALSE(at::equal(layer->forward(x, how), x)) << kind;
      how.mode = Mode::mean;
      EXPECT_TRUE(at::equal(layer->forward(x, how), x)) << kind;
    }
  }
}

TEST(Dropout, HasTheMeanAndVarianceOfItsFactor) {
  constexpr std::int64_t rows = 400, units = 500;
  const double count = rows * units;
  for (const auto& [kind, option, variance] :
       {std::tuple("dropout", 0.3, 0.3 / 0.7), std::tuple("gaussian_dropout", 0.25, 0.25)}) {
    const auto layer = make(kind, option, {units});
    std::vector<std::int64_t> example;
    for (std::int64_t n = 0; n < rows; ++n) example.push_back(n);
    const at::Tensor y =
        layer->forward(at::ones({rows, units}).to(test_device()), sampled(example, 7))
            .to(at::kDouble);
    EXPECT_NEAR(y.mean().item<double>(), 1,
                tolerance::kManyStandardErrors * std::sqrt(variance / count))
        << kind;
    EXPECT_NEAR(y.var().item<double>(), variance,
                tolerance::kManyStandardErrors * variance * std::sqrt(2 / count))
        << kind;
  }
}

TEST(GaussianDropout, IsOnePlusTheNoiseOfTheUnit) {
  const auto layer = make("gaussian_dropout", 0.49, {3, 2, 2});
  const at::Tensor x = at::ones({1, 3, 2, 2}).to(test_device());
  const at::Tensor y = layer->forward(x, sampled({5}, 6)).to(at::kCPU);
  for (std::int64_t c = 0; c < 3; ++c) {
    for (std::int64_t p = 0; p < 4; ++p) {
      const float eps =
          normal_at({42, Stream::dropout, kNumber, 0}, 5, 6, static_cast<std::uint64_t>(4 * p + c));
      EXPECT_NEAR(y[0][c][p / 2][p % 2].item<float>(), 1 + 0.7 * eps, tolerance::kFloatSteps);
    }
  }
}

TEST(Dropout, HasTheSameBitsInAnyBatchLayoutAndOnAnyDevice) {
  at::manual_seed(1);
  for (const auto& [kind, option] :
       {std::pair("dropout", 0.4), std::pair("gaussian_dropout", 2.0)}) {
    for (const Shape& shape :
         {Shape{3, 10}, Shape{3, 6, 4, 5}, Shape{3, 8, 2, 2}, Shape{3, 1, 3, 3}}) {
      const auto layer = make(kind, option, Shape(shape.begin() + 1, shape.end()));
      const at::Tensor x = at::randn(shape);
      const at::Tensor all = layer->forward(x, sampled({7, 8, 9}, 2, at::kCPU));
      EXPECT_TRUE(
          at::equal(layer->forward(x.to(test_device()), sampled({7, 8, 9}, 2)).to(at::kCPU), all))
          << kind << shape_text(shape);
      EXPECT_TRUE(
          at::equal(layer->forward(x.narrow(0, 1, 1), sampled({8}, 2, at::kCPU))[0], all[1]))
          << kind << shape_text(shape);
      if (shape.size() != 4) continue;
      const at::Tensor last = x.to(test_device()).contiguous(at::MemoryFormat::ChannelsLast);
      EXPECT_TRUE(at::equal(layer->forward(last, sampled({7, 8, 9}, 2)).to(at::kCPU), all))
          << kind << shape_text(shape);
    }
  }
}

TEST(Dropout, ItsGradientIsItsFactor) {
  at::manual_seed(2);
  for (const auto& [kind, option] :
       {std::pair("dropout", 0.4), std::pair("gaussian_dropout", 2.0)}) {
    const auto layer = make(kind, option, {6, 4, 5});
    const Forward how = sampled({7, 8, 9}, 2);
    const at::Tensor factor = layer->forward(at::ones({3, 6, 4, 5}).to(test_device()), how);
    const at::Tensor x = at::randn({3, 6, 4, 5}).to(test_device()).requires_grad_(true);
    const at::Tensor upstream = at::randn({3, 6, 4, 5}).to(test_device());
    layer->forward(x, how).backward(upstream);
    EXPECT_TRUE(close(x.grad(), factor * upstream, tolerance::kFloatProduct)) << kind;
  }
}

TEST(Dropout, RefusesWhatIsNoShare) {
  for (const Json& option : {Json(1.0), Json(-0.1), Json("half"), Json(nullptr)}) {
    EXPECT_THROW(layer_kinds().at("dropout").make(option, {4}), Error) << option.dump();
  }
  EXPECT_THROW(layer_kinds().at("gaussian_dropout").make(-1, {4}), Error);
}

}  // namespace
}  // namespace varphase
