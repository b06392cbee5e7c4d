// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/bench/multiply_add_peak.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tools/bench/multiply_add_peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

// Enough sums that none waits for its own last multiply-add (four cycles, two a cycle), and that
// all stay in the 16 registers of AVX2.
constexpr int kSums = 12;

/// Returns the number of operations; `result` keeps the compiler from leaving them out.
double multiply_adds(std::int64_t rounds, float* result) {
  Floats sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = all(static_cast<float>(i));
  // Near one and zero: the sums neither grow nor become denormal.
  const Floats factor = all(1.0F - 0x1p-20F), addend = all(0x1p-20F);
  for (std::int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < kSums; ++i) sums[i] = hn::MulAdd(sums[i], factor, addend);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = sums[0] + sums[i];
  store_part(result, sums[0], 1);
  return 2.0 * static_cast<double>(rounds * kSums * kWidth);
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {

HWY_EXPORT(multiply_adds);

double multiply_add_peak() {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int run = 0; run < 20; ++run) {
    float result = 0;
    const auto start = Clock::now();
    const double operations = HWY_DYNAMIC_DISPATCH(multiply_adds)(2'000'000, &result);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (std::isfinite(result)) best = std::max(best, operations / seconds);
  }
  return best;
}

}  // namespace varphase
#endif
