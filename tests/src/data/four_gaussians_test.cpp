// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/four_gaussians.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(FourGaussians, HaveTheirCentresAndUnitVariance) {
  const double centres[4][2] = {{3, 3}, {3, 10}, {10, 3}, {10, 10}};
  for (const Split split : {Split::train, Split::test}) {
    const ImageSet set = draw_four_gaussians(split);
    ASSERT_EQ(set.count(), 2000);
    ASSERT_EQ(set.image_size(), 2);
    for (std::int64_t label = 0; label < 4; ++label) {
      for (int axis = 0; axis < 2; ++axis) {
        double sum = 0, squares = 0;
        for (std::int64_t n = label; n < set.count(); n += 4) {
          ASSERT_EQ(set.labels[static_cast<std::size_t>(n)], label);
          const double value =
              kFourGaussiansLeast +
              kFourGaussiansStep * set.pixels[static_cast<std::size_t>(2 * n + axis)];
          sum += value - centres[label][axis];
          squares += std::pow(value - centres[label][axis], 2);
        }
        EXPECT_NEAR(sum / 500, 0, tolerance::kStandardErrors / std::sqrt(500.0));
        EXPECT_NEAR(squares / 500, 1, tolerance::kStandardErrors * std::sqrt(2 / 500.0));
      }
    }
  }
}

TEST(FourGaussians, DrawOthersForTheTest) {
  EXPECT_NE(draw_four_gaussians(Split::train).pixels, draw_four_gaussians(Split::test).pixels);
  EXPECT_EQ(draw_four_gaussians(Split::train).pixels, draw_four_gaussians(Split::train).pixels);
}

}  // namespace
}  // namespace varphase
