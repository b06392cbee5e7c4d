// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/activation.hpp"

#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

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
      EXPECT_NEAR(jet.value, phi[name]["f"][i].get<double>(), tolerance::kDoubleFormula) << name;
      EXPECT_NEAR(jet.first, phi[name]["d1"][i].get<double>(), tolerance::kDoubleFormula) << name;
      EXPECT_NEAR(jet.second, phi[name]["d2"][i].get<double>(), tolerance::kDoubleFormula) << name;
    }
  }
}

}  // namespace
}  // namespace varphase
