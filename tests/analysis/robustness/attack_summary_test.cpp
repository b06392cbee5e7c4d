// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/attack_summary.hpp"

#include <gtest/gtest.h>

#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(WilsonInterval, IsThePublishedOne) {
  // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
  const struct {
    std::int64_t successes, n;
    double low, high;
  } rows[] = {{81, 263, 0.2553, 0.3662},
              {15, 148, 0.0624, 0.1605},
              {0, 20, 0, 0.1611},
              {1, 29, 0.0061, 0.1718}};
  for (const auto& row : rows) {
    const Interval got = wilson_interval(row.successes, row.n);
    EXPECT_NEAR(got.low, row.low, tolerance::kPublishedDigits);
    EXPECT_NEAR(got.high, row.high, tolerance::kPublishedDigits);
    const Interval mirrored = wilson_interval(row.n - row.successes, row.n);
    EXPECT_NEAR(mirrored.low, 1 - got.high, tolerance::kDoubleSteps);
    EXPECT_NEAR(mirrored.high, 1 - got.low, tolerance::kDoubleSteps);
  }
  EXPECT_EQ(wilson_interval(7, 7).high, 1);
  EXPECT_EQ(wilson_interval(0, 0).low, 0);
}

TEST(AttackPoints, AreMeansOverImages) {
  AttackOutcome outcome;
  outcome.steps = 2;
  outcome.judged_steps = {0, 2};
  outcome.image = {4, 5, 6, 7};
  outcome.label = outcome.aim = {0, 1, 2, 0};
  outcome.loss = {1, 2, 3, 2, 2, 2, 0, 0, 1, 1, 1, 6};
  outcome.judges = {{{0, 1, 1, 1, 0, 0, 0, 2}, {1, 2, 3, 4, 5, 6, 7, 8}}};
  std::vector<AttackPoint> points = attack_points(outcome, 0);
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].successes, 1);  // the third image is wrong before it is attacked
  EXPECT_EQ(points[1].successes, 3);
  EXPECT_DOUBLE_EQ(points[1].success, 0.75);
  EXPECT_EQ(points[1].step, 2);
  EXPECT_DOUBLE_EQ(points[1].entropy, 5);
  EXPECT_NEAR(points[1].entropy_95.high, 5 + 1.959964 * std::sqrt(20.0 / 12),
              tolerance::kFloatSteps * 10);
  EXPECT_DOUBLE_EQ(points[0].loss, 1);
  EXPECT_DOUBLE_EQ(points[1].loss, 3);
  outcome.targeted = true;
  outcome.aim = {1, 0, 0, 2};
  points = attack_points(outcome, 0);
  EXPECT_EQ(points[0].successes, 1);
  EXPECT_EQ(points[1].successes, 3);
}

}  // namespace
}  // namespace varphase
