// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/units.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "analysis/prune/mask.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

TEST(Units, GoByTheirSummedScore) {
  const at::Tensor score =
      at::tensor({5.0, 1.0, 1.0, 2.0, 2.0, 2.0, 0.0, 0.0, 9.0, 1.0, 1.0, 1.0}).view({4, 3, 1, 1});
  const at::Tensor units = unit_scores(score, "kappa");
  ASSERT_EQ(units.sizes(), score.sizes());
  EXPECT_TRUE(
      at::equal(units.flatten(1).select(1, 0), at::tensor({7.0, 6.0, 9.0, 3.0}).to(at::kDouble)));
  // Half of the weights: the two least units. A bit more or less: the border's unit comes back.
  const at::Tensor wanted = at::tensor({1.0F, 0.0F, 1.0F, 0.0F});
  for (const double sparsity : {0.5, 0.6, 0.7}) {
    const at::Tensor mask = whole_units(DropOrder({units}, {}).masks(sparsity).front());
    EXPECT_TRUE(at::equal(mask.flatten(1).select(1, 0), wanted)) << sparsity;
    EXPECT_TRUE(at::equal(mask.flatten(1).select(1, 2), wanted)) << sparsity;
  }
  at::Tensor kept = at::ones({4, 3, 1, 1});
  kept[2][1].zero_();
  const at::Tensor again = whole_units(DropOrder({units}, {}).masks(0.5).front(), kept);
  EXPECT_EQ(again[2][1].item<float>(), 0);
  EXPECT_EQ(again.sum().item<float>(), 5);
}

TEST(Units, OfEqualScoresAreRefused) {
  const at::Tensor share = at::softmax(at::rand({5, 4}), 1);
  try {
    unit_scores(share, "variance-share");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("variance-share"));
  }
}

TEST(Units, StructuresHaveNames) {
  EXPECT_EQ(structure_from_name("none"), Structure::none);
  EXPECT_EQ(structure_from_name("compact"), Structure::compact);
  EXPECT_EQ(structure_from_name("neurons"), Structure::neurons);
  EXPECT_THROW(structure_from_name("neuron"), Error);
}

}  // namespace
}  // namespace varphase
