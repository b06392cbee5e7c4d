// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "src/noise/philox.hpp"

namespace varphase {
namespace ieee {

// One correctly rounded operation each, on either side: no contraction, no fast math, so the bits agree.
#if defined(__CUDA_ARCH__)
VARPHASE_HOST_DEVICE float fma(float a, float b, float c) { return __fmaf_rn(a, b, c); }
VARPHASE_HOST_DEVICE float mul(float a, float b) { return __fmul_rn(a, b); }
VARPHASE_HOST_DEVICE float add(float a, float b) { return __fadd_rn(a, b); }
VARPHASE_HOST_DEVICE float sqrt(float a) { return __fsqrt_rn(a); }
VARPHASE_HOST_DEVICE float from_word(std::uint32_t a) { return __uint2float_rn(a); }
VARPHASE_HOST_DEVICE float from_int(std::int32_t a) { return __int2float_rn(a); }
VARPHASE_HOST_DEVICE float from_bits(std::uint32_t a) { return __uint_as_float(a); }
VARPHASE_HOST_DEVICE std::uint32_t to_bits(float a) { return __float_as_uint(a); }
#else
VARPHASE_HOST_DEVICE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
VARPHASE_HOST_DEVICE float mul(float a, float b) { return a * b; }
VARPHASE_HOST_DEVICE float add(float a, float b) { return a + b; }
VARPHASE_HOST_DEVICE float sqrt(float a) { return __builtin_sqrtf(a); }
// AVX2 has no unsigned conversion; two exact halves and one rounding give the same bits and vectorize.
VARPHASE_HOST_DEVICE float from_word(std::uint32_t a) {
  return __builtin_fmaf(static_cast<float>(static_cast<std::int32_t>(a >> 16U)), 65536.0F,
                        static_cast<float>(static_cast<std::int32_t>(a & 0xffffU)));
}
VARPHASE_HOST_DEVICE float from_int(std::int32_t a) { return static_cast<float>(a); }
VARPHASE_HOST_DEVICE float from_bits(std::uint32_t a) {
  float value;
  std::memcpy(&value, &a, sizeof value);
  return value;
}
VARPHASE_HOST_DEVICE std::uint32_t to_bits(float a) {
  std::uint32_t bits;
  std::memcpy(&bits, &a, sizeof bits);
  return bits;
}
#endif

// float(exponent - 127), exact, for 0 <= exponent < 2^22: the bits of 2^23 + exponent less 2^23 + 127.
VARPHASE_HOST_DEVICE float from_exponent(std::uint32_t exponent) {
  return add(from_bits(0x4b000000U | exponent), -8388735.0F);
}

}  // namespace ieee

struct NormalPair {
  float even, odd;
};

/// Two standard normal numbers from two words, by a fixed sequence of IEEE operations (docs/math.md, "Noise"):
///
///     radius = sqrt(-2 log u), u = (x0 + 1/2) 2^-32;  angle = 2 pi x1 2^-32
///
/// Largest error 6.6e-7, |value| <= 6.7638.
VARPHASE_HOST_DEVICE NormalPair normal_pair(std::uint32_t x0, std::uint32_t x1) {
  using namespace ieee;
  const float ln2_high = from_bits(0x3f317180U);
  const float ln2_low = from_bits(0x3717f7d1U);

  const bool near_one = x0 >= 0xC0000000U;  // there u would lose its digits: 1 - u is exact
  const float u = fma(from_word(near_one ? ~x0 : x0), 0x1p-32F, 0x1p-33F);
  const std::uint32_t ix = to_bits(u) + (0x3f800000U - 0x3f3504f3U);
  const float k = near_one ? 0.0F : from_exponent(ix >> 23U);
  const float f = near_one ? -u : add(from_bits((ix & 0x7fffffU) + 0x3f3504f3U), -1.0F);
  float p = -0x1.43b246p-4F;
  p = fma(p, f, 0x1.02814ep-3F);
  p = fma(p, f, -0x1.0a33eap-3F);
  p = fma(p, f, 0x1.231ce6p-3F);
  p = fma(p, f, -0x1.54d03ep-3F);
  p = fma(p, f, 0x1.999f14p-3F);
  p = fma(p, f, -0x1.0000cep-2F);
  p = fma(p, f, 0x1.555554p-2F);
  const float z = mul(f, f);
  const float y = mul(f, z);
  const float q = fma(y, p, mul(k, ln2_low));
  const float w = fma(-0.5F, z, f);
  const float log_u = fma(k, ln2_high, add(w, q));
  const float r = sqrt(mul(-2.0F, log_u));

  const std::uint32_t d = (x1 + 0x20000000U) >> 30U;
  const float t = mul(from_int(static_cast<std::int32_t>(x1 - (d << 30U))), 0x1p-30F);
  const float s = mul(t, t);
  float sine = -0x1.2d9b40p-8F;
  sine = fma(sine, s, 0x1.465ec4p-4F);
  sine = fma(sine, s, -0x1.4abbbap-1F);
  sine = fma(sine, s, 0x1.921fb6p+0F);
  sine = mul(t, sine);
  float cosine = 0x1.db6492p-11F;
  cosine = fma(cosine, s, -0x1.55cb98p-6F);
  cosine = fma(cosine, s, 0x1.03c1eap-2F);
  cosine = fma(cosine, s, -0x1.3bd3ccp+0F);
  cosine = fma(cosine, s, 1.0F);

  // Quarter turns: swap for odd d, then signs by d = 0 (c, s), 1 (-s, c), 2 (-c, -s), 3 (s, -c).
  const bool swap = (d & 1U) != 0;
  const float a = swap ? sine : cosine;
  const float b = swap ? cosine : sine;
  const std::uint32_t sign_a = ((d + 1U) & 2U) << 30U;
  const std::uint32_t sign_b = (d & 2U) << 30U;
  return {mul(r, from_bits(to_bits(a) ^ sign_a)), mul(r, from_bits(to_bits(b) ^ sign_b))};
}

/// Of a block's four words, in the order of the four units that share it. On the host.
inline std::array<float, 4> four_normals(const PhiloxBlock& block) {
  const NormalPair first = normal_pair(block.x0, block.x1);
  const NormalPair second = normal_pair(block.x2, block.x3);
  return {first.even, first.odd, second.even, second.odd};
}

}  // namespace varphase
