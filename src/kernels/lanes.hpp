// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>

#include "src/kernels/activation.hpp"

// Sixteen floats at a time on a CPU, as the compiler's vectors: AVX-512 takes them whole, AVX2 in
// halves. For code inside VARPHASE_SIMD_CLONES functions, where everything must be inlined.
#define VARPHASE_INLINE inline __attribute__((always_inline))

namespace varphase {

constexpr std::int64_t kLanes = 16;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(4)));
using IntLanes = std::int32_t __attribute__((vector_size(kLanes * sizeof(float)), aligned(4)));

VARPHASE_INLINE void load(Lanes& to, const float* from) { std::memcpy(&to, from, sizeof to); }
VARPHASE_INLINE void store(float* to, const Lanes& from) { std::memcpy(to, &from, sizeof from); }

/// Maxima that hide no NaN, as of PyTorch's max_pool: `a > b ? a : b` drops one that comes later,
/// so `seen`, 0 at first, keeps it, and give_nan puts it into what the comparisons chose. Two
/// selects on two masks: GCC 12 expands an or of masks lane by lane in a function with
/// target_clones.
VARPHASE_INLINE void keep_nan(Lanes& seen, const Lanes& value) {
  seen = value == value ? seen : value;
}
VARPHASE_INLINE void give_nan(Lanes& best, const Lanes& seen) { best = seen == seen ? best : seen; }

// exp(x) for x <= 0, relative error 2e-7; below -87 it is 0 to float32's resolution of the sums
// that it enters.
VARPHASE_INLINE void exp_of_negative(Lanes& x) {
  const Lanes limit = Lanes{} - 87.0F;
  x = x < limit ? limit : x;
  const Lanes magic = Lanes{} + 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
  const Lanes shifted = x * 1.44269504F + magic;
  const Lanes n = shifted - magic;
  const Lanes r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  Lanes p = r * 1.9875691500e-4F + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  const IntLanes bits = (__builtin_convertvector(n, IntLanes) + 127) << 23;
  Lanes power;
  std::memcpy(&power, &bits, sizeof power);
  x = p * power;
}

// log(1 + t) for 0 <= t <= 1 by the atanh series in s = t / (2 + t) <= 1/3.
VARPHASE_INLINE void log1p_of_share(Lanes& t) {
  const Lanes s = t / (t + 2.0F);
  const Lanes z = s * s;
  Lanes p = z * (1.0F / 15.0F) + 1.0F / 13.0F;
  p = p * z + 1.0F / 11.0F;
  p = p * z + 1.0F / 9.0F;
  p = p * z + 1.0F / 7.0F;
  p = p * z + 1.0F / 5.0F;
  p = p * z + 1.0F / 3.0F;
  t = 2.0F * (p * z * s + s);
}

/// phi(h) in place. `kind` is relu, softplus, or identity for any other, given as `other`.
template <Activation kind>
VARPHASE_INLINE void activate(Lanes& h, Activation other, float beta) {
  const Lanes zero = {};
  if constexpr (kind == Activation::relu) {
    h = h < zero ? zero : h;  // NaN stays NaN
  } else if constexpr (kind == Activation::softplus) {
    const Lanes x = h * beta;
    Lanes tail = x < zero ? x : -x;
    exp_of_negative(tail);
    log1p_of_share(tail);
    h = ((x > zero ? x : zero) + tail) * (1.0F / beta);
  } else {
    for (std::int64_t i = 0; i < kLanes; ++i)
      h[i] = activation_jet(other, static_cast<float>(h[i]), beta).value;
  }
}

struct LaneJet {
  Lanes value, first, second;
};

/// phi(h) with its first two derivatives; `kind` as above.
template <Activation kind>
VARPHASE_INLINE void activation_jet_of(const Lanes& h, Activation other, float beta, LaneJet& jet) {
  const Lanes zero = {};
  const Lanes one = zero + 1.0F;
  if constexpr (kind == Activation::relu) {
    jet.value = h < zero ? zero : h;
    jet.first = h > zero ? one : zero;
    jet.second = zero;
  } else if constexpr (kind == Activation::softplus) {
    const Lanes x = h * beta;
    Lanes e = x < zero ? x : -x;
    exp_of_negative(e);
    const Lanes large = one / (one + e);
    const Lanes small = e * large;
    jet.first = x < zero ? small : large;
    jet.second = small * large * beta;
    log1p_of_share(e);
    jet.value = ((x > zero ? x : zero) + e) * (1.0F / beta);
  } else {
    for (std::int64_t i = 0; i < kLanes; ++i) {
      const auto scalar = activation_jet(other, static_cast<float>(h[i]), beta);
      jet.value[i] = scalar.value;
      jet.first[i] = scalar.first;
      jet.second[i] = scalar.second;
    }
  }
}

}  // namespace varphase
