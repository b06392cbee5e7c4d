// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/head_diagonal.hpp"
#include "src/kernels/curvature/output_curvature.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

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
    EXPECT_TRUE(close(closed_form<double>(activation), wanted, tolerance::kDoubleSum)) << name;
    EXPECT_TRUE(close(closed_form<float>(activation), wanted, tolerance::kFloatNetwork)) << name;
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
    EXPECT_NEAR(q[0][j].item<double>() / wanted[j].item<double>(), 1, tolerance::kFloatGradient);
  }
}

}  // namespace
}  // namespace varphase
