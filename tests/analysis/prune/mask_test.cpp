// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/mask.hpp"

#include <cmath>

#include "tests/support/golden.hpp"

namespace varphase {
namespace {

TEST(Mask, IsTheGoldenOne) {
  const Json& g = golden()["kappa"];
  const at::Tensor kappa = golden_tensor(g["kappa"]);
  EXPECT_TRUE(at::equal(mask_over(kappa.abs(), std::pow(10, -0.5)).to(at::kDouble),
                        golden_tensor(g["keep"])));
  const at::Tensor half = DropOrder({kappa.abs()}, {}).masks(0.5).front();
  EXPECT_EQ(half.sum().item<double>(), 6);
  EXPECT_GE(kappa.abs().masked_select(half > 0).min().item<double>(),
            kappa.abs().masked_select(half == 0).max().item<double>());
}

}  // namespace
}  // namespace varphase
