// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/src/kernels/cpu/vector_math_test.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/base/error.hpp"
#include "src/base/instruction_set.hpp"
#include "src/kernels/support/vectors.hpp"
#include "tests/support/tolerances.hpp"

HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

template <class Function>
void map(const float* from, std::int64_t count, float* to, const Function& function) {
  for (std::int64_t i = 0; i < count; i += kWidth)
    store_part(to + i, function(load_part(from + i, count - i)), count - i);
}

void exponentials(const float* from, std::int64_t count, float* to) {
  map(from, count, to, [](Floats x) HWY_ATTR { return exp_of_negative(x); });
}
void logarithms(const float* from, std::int64_t count, float* to) {
  map(from, count, to, [](Floats x) HWY_ATTR { return log1p_of_share(x); });
}
void softpluses(const float* from, std::int64_t count, float* to) {
  map(from, count, to, [](Floats x) HWY_ATTR { return softplus_of(x); });
}

/// to[c, r] = from[r, c] of a block as wide as a vector, which is returned.
std::int64_t turned_over(const float* from, float* to) {
  Floats rows[kWidth];
  for (std::int64_t r = 0; r < kWidth; ++r) rows[r] = load(from + r * kWidth);
  transpose(rows);
  for (std::int64_t r = 0; r < kWidth; ++r) store(to + r * kWidth, rows[r]);
  return kWidth;
}

std::int64_t running_target() { return HWY_TARGET; }

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

HWY_EXPORT(exponentials);
HWY_EXPORT(logarithms);
HWY_EXPORT(softpluses);
HWY_EXPORT(turned_over);
HWY_EXPORT(running_target);

using Map = std::function<void(const float*, std::int64_t, float*)>;

// All of these run under the instruction set of VARPHASE_SIMD.
const Map kExponential = [](const float* from, std::int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(exponentials)(from, count, to);
};
const Map kLogarithm = [](const float* from, std::int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(logarithms)(from, count, to);
};
const Map kSoftplus = [](const float* from, std::int64_t count, float* to) {
  HWY_DYNAMIC_DISPATCH(softpluses)(from, count, to);
};

/// The largest relative error of `function` against `reference` on many points from a to b, their
/// number no multiple of a vector.
template <class Reference>
double worst(double a, double b, const Map& function, const Reference& reference) {
  constexpr int kPoints = 200003;
  std::vector<float> points, values(kPoints);
  for (int i = 0; i < kPoints; ++i)
    points.push_back(static_cast<float>(a + (b - a) * i / (kPoints - 1)));
  function(points.data(), kPoints, values.data());
  double worst = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double wanted = reference(static_cast<double>(points[static_cast<std::size_t>(i)]));
    const double error =
        std::abs(static_cast<double>(values[static_cast<std::size_t>(i)]) - wanted) /
        std::max(std::abs(wanted), 1e-37);
    if (!(error <= worst)) worst = error;  // NaN is the worst
  }
  return worst;
}

float one(float x, const Map& function) {
  float value = 0;
  function(&x, 1, &value);
  return value;
}

TEST(Vectors, ExponentialMeetsTheStandardLibrary) {
  EXPECT_LT(worst(-87, 0, kExponential, [](double x) { return std::exp(x); }),
            tolerance::kFloatFunction);
  EXPECT_EQ(one(0, kExponential), 1);
  EXPECT_LT(one(-std::numeric_limits<float>::infinity(), kExponential), 2e-38F);
  EXPECT_TRUE(std::isnan(one(std::numeric_limits<float>::quiet_NaN(), kExponential)));
  EXPECT_TRUE(std::isnan(one(std::nanf("12345"), kExponential)));
}

TEST(Vectors, LogarithmMeetsTheStandardLibrary) {
  EXPECT_LT(worst(1e-7, 1, kLogarithm, [](double t) { return std::log1p(t); }),
            tolerance::kFloatFunction);
  EXPECT_EQ(one(0, kLogarithm), 0);
  EXPECT_TRUE(std::isnan(one(std::numeric_limits<float>::quiet_NaN(), kLogarithm)));
}

TEST(Vectors, SoftplusMeetsTheStandardLibrary) {
  EXPECT_LT(worst(-80, 80, kSoftplus,
                  [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }),
            tolerance::kFloatRoundings);
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_EQ(one(infinite, kSoftplus), infinite);
  EXPECT_LT(one(-infinite, kSoftplus), 2e-38F);
  EXPECT_TRUE(std::isnan(one(std::nanf("12345"), kSoftplus)));
}

TEST(Vectors, BlocksAreTurnedOver) {
  float from[256], to[256];
  for (int i = 0; i < 256; ++i) from[i] = static_cast<float>(i);
  const std::int64_t width = HWY_DYNAMIC_DISPATCH(turned_over)(from, to);
  ASSERT_LE(width * width, 256);
  for (std::int64_t r = 0; r < width; ++r) {
    for (std::int64_t c = 0; c < width; ++c) EXPECT_EQ(to[c * width + r], from[r * width + c]);
  }
}

TEST(InstructionSet, ABadNameNamesTheGoodOnes) {
  const std::string before = instruction_set();
  try {
    choose_instruction_set("mmx");
    FAIL() << "mmx was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find(instruction_sets().back()), std::string::npos);
  }
  EXPECT_EQ(instruction_set(), before);
}

TEST(InstructionSet, TheChosenOneRunsWhateverIsAskedAfterwards) {
  const std::string before = instruction_set();
  const auto target_of = [](const std::string& name) {
    return name == "avx512" ? HWY_AVX3
           : name == "avx2" ? HWY_AVX2
           : name == "neon" ? HWY_NEON
                            : HWY_SSE4;
  };
  for (const std::string& name : instruction_sets()) {
    choose_instruction_set(name);
    EXPECT_EQ(instruction_set(), name);
    EXPECT_FALSE(instruction_sets().empty());
    EXPECT_EQ(HWY_DYNAMIC_DISPATCH(running_target)(), target_of(name)) << name;
  }
  choose_instruction_set(before);
}

TEST(InstructionSet, TheLeastIsTheProcessorsOwn) {
  EXPECT_EQ(instruction_sets().back(), HWY_ARCH_ARM_A64 ? "neon" : "baseline");
  EXPECT_EQ(instruction_sets().size() == 1,
            HWY_ARCH_ARM_A64 != 0 || instruction_sets().front() == "baseline");
}

TEST(InstructionSet, BaselineIsTheLastOfThemEverywhere) {
  const std::string before = instruction_set();
  choose_instruction_set("baseline");
  EXPECT_EQ(instruction_set(), instruction_sets().back());
  choose_instruction_set(before);
  EXPECT_EQ(instruction_set(), before);
}

}  // namespace
}  // namespace varphase
#endif  // HWY_ONCE
