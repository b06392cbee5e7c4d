// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/lanes.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace varphase {
namespace {

/// The largest relative error of `function` against `reference` on so many points from a to b.
template <class Function, class Reference>
double worst(double a, double b, const Function& function, const Reference& reference) {
  constexpr int kPoints = 200000;
  double worst = 0;
  for (int i = 0; i < kPoints; i += kLanes) {
    float points[kLanes], values[kLanes];
    for (int lane = 0; lane < kLanes; ++lane)
      points[lane] = static_cast<float>(a + (b - a) * (i + lane) / (kPoints - 1));
    Lanes x;
    load(x, points);
    function(x);
    store(values, x);
    for (int lane = 0; lane < kLanes; ++lane) {
      const double wanted = reference(static_cast<double>(points[lane]));
      worst = std::max(worst, std::abs(static_cast<double>(values[lane]) - wanted) /
                                  std::max(std::abs(wanted), 1e-37));
    }
  }
  return worst;
}

float first_lane(float x, void (*function)(Lanes&)) {
  Lanes lanes = Lanes{} + x;
  function(lanes);
  return lanes[0];
}

void exponential(Lanes& x) { exp_of_negative(x); }
void logarithm(Lanes& x) { log1p_of_share(x); }
void softplus(Lanes& x) { softplus_of(x); }

TEST(Lanes, ExponentialMeetsTheStandardLibrary) {
  EXPECT_LT(worst(-87, 0, exponential, [](double x) { return std::exp(x); }), 2.5e-7);
  EXPECT_EQ(first_lane(0, exponential), 1);
  EXPECT_LT(first_lane(-std::numeric_limits<float>::infinity(), exponential), 2e-38F);
  EXPECT_TRUE(std::isnan(first_lane(std::numeric_limits<float>::quiet_NaN(), exponential)));
  EXPECT_TRUE(std::isnan(first_lane(std::nanf("12345"), exponential)));
}

TEST(Lanes, LogarithmMeetsTheStandardLibrary) {
  EXPECT_LT(worst(1e-7, 1, logarithm, [](double t) { return std::log1p(t); }), 2.5e-7);
  EXPECT_EQ(first_lane(0, logarithm), 0);
  EXPECT_TRUE(std::isnan(first_lane(std::numeric_limits<float>::quiet_NaN(), logarithm)));
}

TEST(Lanes, SoftplusMeetsTheStandardLibrary) {
  EXPECT_LT(worst(-80, 80, softplus,
                  [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }),
            4e-7);
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_EQ(first_lane(infinite, softplus), infinite);
  EXPECT_LT(first_lane(-infinite, softplus), 2e-38F);
  EXPECT_TRUE(std::isnan(first_lane(std::nanf("12345"), softplus)));
}

}  // namespace
}  // namespace varphase
