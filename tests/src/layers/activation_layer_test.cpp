// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// Every activation of the table of layers: its values by its definition, its kernel's derivatives and
// the fused batch norm by autograd of what PyTorch computes for it.
#include "src/layers/activation_layer.hpp"

#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include "src/layers/layer_suggestion.hpp"
#include "src/models/network.hpp"
#include "src/models/patterns.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/kinds_by_trait.hpp"

namespace varphase {
namespace {

std::unique_ptr<Layer> made(const std::string& kind) {
  return layer_kinds().at(kind).make(nullptr, {4});
}

/// The definition, number by number; PyTorch's documentation has the same.
double by_definition(const std::string& kind, double x) {
  if (kind == "relu") return std::max(x, 0.0);
  if (kind == "leaky_relu") return x > 0 ? x : 0.01 * x;
  if (kind == "abs") return std::abs(x);
  if (kind == "tanh") return std::tanh(x);
  if (kind == "sigmoid") return 1 / (1 + std::exp(-x));
  if (kind == "softplus") return std::log1p(std::exp(-std::abs(x))) + std::max(x, 0.0);
  if (kind == "silu") return x / (1 + std::exp(-x));
  if (kind == "gelu") return 0.5 * x * std::erfc(-x / std::sqrt(2.0));  // x Phi(x)
  ADD_FAILURE() << "no definition of " << kind << " here";
  return 0;
}

// No multiple of this step is 0, where some have a kink.
at::Tensor points() { return at::arange(-30.05, 30, 0.1, at::kDouble); }

TEST(ActivationKinds, AreThoseOfTheTable) {
  EXPECT_THAT(activation_kinds(),
              testing::UnorderedElementsAre("relu", "leaky_relu", "softplus", "tanh", "sigmoid",
                                            "silu", "gelu", "abs"));
}

TEST(ActivationKinds, AreAllNamedInPlaceOfOneThatIsNotThere) {
  for (const std::string& kind : activation_kinds())
    EXPECT_THAT(layer_suggestion("mish"), testing::ContainsRegex("[ ,]" + kind + "(,|$)")) << kind;
  EXPECT_THAT(layer_suggestion("mish"), testing::Not(testing::HasSubstr("dense")));
}

TEST(ActivationKinds, MeetTheirDefinitions) {
  for (const std::string& kind : activation_kinds()) {
    const at::Tensor x = points();
    at::Tensor wanted = at::empty_like(x);
    for (std::int64_t i = 0; i < x.numel(); ++i)
      wanted[i] = by_definition(kind, x[i].item<double>());
    EXPECT_TRUE(close(made(kind)->forward(x, Forward{}), wanted, 1e-14)) << kind;
    const at::Tensor narrow = made(kind)->forward(x.to(at::kFloat).to(test_device()), Forward{});
    EXPECT_TRUE(close(narrow, wanted, 1e-6)) << kind;
  }
}

TEST(ActivationKinds, JetsMeetAutograd) {
  for (const std::string& kind : activation_kinds()) {
    const ElementwiseTraits phi = made(kind)->traits().elementwise.value();
    const at::Tensor x = points().set_requires_grad(true);
    const at::Tensor y = made(kind)->forward(x, Forward{});
    const at::Tensor first = torch::autograd::grad({y.sum()}, {x}, {}, true, true)[0];
    at::Tensor second = at::zeros_like(x);
    if (first.requires_grad()) {
      const at::Tensor found =
          torch::autograd::grad({first.sum()}, {x}, {}, true, false, /*allow_unused=*/true)[0];
      if (found.defined()) second = found;
    }
    at::Tensor got = at::empty({3, x.numel()}, at::kDouble);
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      const auto jet = activation_jet<double>(phi.activation, x[i].item<double>(), phi.beta);
      got[0][i] = jet.value;
      got[1][i] = jet.first;
      got[2][i] = jet.second;
    }
    EXPECT_TRUE(close(got[0], y, 1e-13)) << kind;
    EXPECT_TRUE(close(got[1], first, 1e-13)) << kind;
    EXPECT_TRUE(close(got[2], second, second.abs().max().item<double>() > 0 ? 1e-12 : 0)) << kind;
    EXPECT_EQ(second.abs().max().item<double>() == 0, piecewise_linear(phi.activation)) << kind;
  }
}

TEST(ActivationKinds, BehindABatchNormAndBeforeAPoolAreTrainedAsOneByOne) {
  for (const std::string& kind : activation_kinds()) {
    Json spec = Json::parse(R"({"input": [3, 6, 6], "classes": 2, "layers":
      ["batch_norm", "relu", {"max_pool": 2}, {"dense": {"out": 2}}]})");
    spec["layers"][1] = kind;
    Network network(spec);
    network.initialize(2);
    network.to(test_device());
    network.require_gradients();
    EXPECT_TRUE(norm_pool_at(network.layers(), 0, 3).has_value()) << kind;
    at::manual_seed(1);
    const at::Tensor x = (2 * at::randn({7, 3, 6, 6})).to(test_device()),
                     weights = at::rand({7, 3, 3, 3}).to(test_device());
    Forward training;
    training.training = true;
    const auto gradients = [&](at::Tensor y, const at::Tensor& input) {
      return torch::autograd::grad({(y * weights).sum()}, {input})[0];
    };
    const at::Tensor fused = x.clone().set_requires_grad(true),
                     plain = x.to(at::kDouble).set_requires_grad(true);
    const at::Tensor y = network.forward_range(fused, training, 0, 3);
    const at::Tensor norm = at::batch_norm(plain, {}, {}, {}, {}, true, 0.1, 1e-5, false);
    const at::Tensor wanted = at::max_pool2d(made(kind)->forward(norm, Forward{}), {2, 2});
    EXPECT_TRUE(close(y, wanted, 1e-5)) << kind;
    EXPECT_TRUE(close(gradients(y, fused), gradients(wanted, plain), 1e-4)) << kind;
  }
}

}  // namespace
}  // namespace varphase
