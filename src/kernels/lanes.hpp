// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

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

/// -|x|, NaN as it is.
VARPHASE_INLINE void negative_of(Lanes& x) {
  IntLanes bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits |= std::numeric_limits<std::int32_t>::min();
  std::memcpy(&x, &bits, sizeof bits);
}

// exp(x) for x <= 0, relative error 1e-7; below -87 it is 0 to float32's resolution of the sums
// that it enters. exp(r) = 1 + r + r^2 q(r) by the q of least relative error on |r| <= log(2) / 2.
VARPHASE_INLINE void exp_of_negative(Lanes& x) {
  const Lanes limit = Lanes{} - 87.0F;
  x = x < limit ? limit : x;
  const Lanes magic = Lanes{} + 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
  const Lanes shifted = x * 1.44269504F + magic;
  const Lanes n = shifted - magic;
  const Lanes r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  Lanes p = r * 1.3813144760e-3F + 8.3694187924e-3F;
  p = p * r + 4.1668456048e-2F;
  p = p * r + 1.6666515172e-1F;
  p = p * r + 4.9999994040e-1F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  // 2^n into the exponent; a NaN becomes n = 0x80000000, which is shifted out.
  IntLanes bits;
  std::memcpy(&bits, &p, sizeof bits);
  bits += __builtin_convertvector(n, IntLanes) << 23;
  std::memcpy(&x, &bits, sizeof bits);
}

// log(1 + t) = t + t^2 q(t) for 0 <= t <= 1, relative error 1e-7, by the q of least relative error.
VARPHASE_INLINE void log1p_of_share(Lanes& t) {
  Lanes q = t * 5.3648245521e-3F + -3.0065791681e-2F;
  q = q * t + 7.9204536974e-2F;
  q = q * t + -1.3753803074e-1F;
  q = q * t + 1.9153654575e-1F;
  q = q * t + -2.4857163429e-1F;
  q = q * t + 3.3321323991e-1F;
  q = q * t + -4.9999648333e-1F;
  t = t * t * q + t;
}

/// log(1 + exp(x)) in place.
VARPHASE_INLINE void softplus_of(Lanes& x) {
  const Lanes zero = {};
  Lanes tail = x;
  negative_of(tail);
  exp_of_negative(tail);
  log1p_of_share(tail);
  x = (x < zero ? zero : x) + tail;
}

/// phi(h) in place. `kind` is relu, softplus, or identity for any other, given as `other`.
template <Activation kind>
VARPHASE_INLINE void activate(Lanes& h, Activation other, float beta) {
  const Lanes zero = {};
  if constexpr (kind == Activation::relu) {
    h = h < zero ? zero : h;  // NaN stays NaN
  } else if constexpr (kind == Activation::softplus) {
    h *= beta;
    softplus_of(h);
    h *= 1.0F / beta;
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
    Lanes e = x;
    negative_of(e);
    exp_of_negative(e);
    const Lanes large = one / (one + e);
    const Lanes small = e * large;
    jet.first = x < zero ? small : large;
    jet.second = small * large * beta;
    log1p_of_share(e);
    jet.value = ((x < zero ? zero : x) + e) * (1.0F / beta);
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
