// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT

// Vectors of a CPU kernel, as wide as the instruction set that is being compiled: a kernel's source is read once for
// each (Highway's foreach_target.h), and this header with it. In place of `#pragma once` stands a guard that lets it in
// again for every set.
#if defined(VARPHASE_KERNELS_VECTORS) == defined(HWY_TARGET_TOGGLE)
#ifdef VARPHASE_KERNELS_VECTORS
#undef VARPHASE_KERNELS_VECTORS
#else
#define VARPHASE_KERNELS_VECTORS
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

#include "src/kernels/layers/activation.hpp"

HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using IntTag = hn::RebindToSigned<FloatTag>;
using Floats = hn::Vec<FloatTag>;
using Ints = hn::Vec<IntTag>;

constexpr FloatTag kFloats;
constexpr IntTag kInts;
constexpr std::int64_t kWidth = static_cast<std::int64_t>(hn::MaxLanes(FloatTag()));
// AVX2 and older: with fewer registers a kernel keeps fewer sums.
constexpr bool kManyRegisters = !HWY_ARCH_X86 || HWY_TARGET <= HWY_AVX3;

HWY_INLINE Floats load(const float* from) { return hn::LoadU(kFloats, from); }
HWY_INLINE void store(float* to, Floats from) { hn::StoreU(from, kFloats, to); }
HWY_INLINE Floats all(float value) { return hn::Set(kFloats, value); }
HWY_INLINE Floats zeros() { return hn::Zero(kFloats); }

/// The first `count` numbers, zeros behind them where that is less than a vector.
HWY_INLINE Floats load_part(const float* from, std::int64_t count) {
  if (count >= kWidth) return load(from);
#if HWY_TARGET <= HWY_AVX2  // masked loads that touch no more than they give
  return hn::MaskedLoad(hn::FirstN(kFloats, static_cast<std::size_t>(count)), kFloats, from);
#else
  HWY_ALIGN float part[kWidth] = {};
  std::memcpy(part, from, static_cast<std::size_t>(count) * sizeof(float));
  return hn::Load(kFloats, part);
#endif
}

HWY_INLINE void store_part(float* to, Floats from, std::int64_t count) {
  if (count >= kWidth) {
    store(to, from);
    return;
  }
  HWY_ALIGN float part[kWidth];
  hn::Store(from, kFloats, part);
  std::memcpy(to, part, static_cast<std::size_t>(count) * sizeof(float));
}

/// Maxima that hide no NaN, as of PyTorch's max_pool: `a > b ? a : b` drops one that comes later, so `seen`, 0 at
/// first, keeps it, and with_nan puts it into what the comparisons chose.
HWY_INLINE void keep_nan(Floats& seen, Floats value) {
  seen = hn::IfThenElse(hn::IsNaN(value), value, seen);
}
HWY_INLINE Floats with_nan(Floats best, Floats seen) {
  return hn::IfThenElse(hn::IsNaN(seen), seen, best);
}

/// kWidth rows of kWidth turned over. Each step rotates the bits of an entry's address by one.
HWY_INLINE void transpose(Floats (&rows)[kWidth]) {
  for (std::int64_t step = 1; step < kWidth; step *= 2) {
    Floats next[kWidth];
    for (std::int64_t i = 0; i < kWidth / 2; ++i) {
      next[i] = hn::ConcatEven(kFloats, rows[2 * i + 1], rows[2 * i]);
      next[i + kWidth / 2] = hn::ConcatOdd(kFloats, rows[2 * i + 1], rows[2 * i]);
    }
    for (std::int64_t i = 0; i < kWidth; ++i) rows[i] = next[i];
  }
}

/// exp(x) for x <= 0, relative error 1e-7; below -87 it is 0 to float32's resolution of the sums that it enters. exp(r)
/// = 1 + r + r^2 q(r) by the q of least relative error on
/// |r| <= log(2) / 2.
HWY_INLINE Floats exp_of_negative(Floats x) {
  x = hn::IfThenElse(x < all(-87.0F), all(-87.0F), x);  // NaN stays NaN
  // 1.5 * 2^23: adding it rounds to a whole number n, which then stands in the lowest bits.
  const Floats magic = all(12582912.0F);
  const Floats shifted = hn::MulAdd(x, all(1.44269504F), magic);
  const Floats n = shifted - magic;
  const Floats r = hn::MulAdd(n, all(2.12194440e-4F), hn::NegMulAdd(n, all(0.693359375F), x));
  Floats p = hn::MulAdd(r, all(1.3813144760e-3F), all(8.3694187924e-3F));
  p = hn::MulAdd(p, r, all(4.1668456048e-2F));
  p = hn::MulAdd(p, r, all(1.6666515172e-1F));
  p = hn::MulAdd(p, r, all(4.9999994040e-1F));
  p = hn::MulAdd(p, r, all(1.0F));
  p = hn::MulAdd(p, r, all(1.0F));
  const Ints power = hn::ShiftLeft<23>(hn::BitCast(kInts, shifted));
  return p * hn::BitCast(kFloats, power + hn::BitCast(kInts, all(1.0F)));
}

/// log(1 + t) = t + t^2 q(t) for 0 <= t <= 1, relative error 1e-7, by the q of least relative error.
HWY_INLINE Floats log1p_of_share(Floats t) {
  Floats q = hn::MulAdd(t, all(5.3648245521e-3F), all(-3.0065791681e-2F));
  q = hn::MulAdd(q, t, all(7.9204536974e-2F));
  q = hn::MulAdd(q, t, all(-1.3753803074e-1F));
  q = hn::MulAdd(q, t, all(1.9153654575e-1F));
  q = hn::MulAdd(q, t, all(-2.4857163429e-1F));
  q = hn::MulAdd(q, t, all(3.3321323991e-1F));
  q = hn::MulAdd(q, t, all(-4.9999648333e-1F));
  return hn::MulAdd(t * t, q, t);
}

/// -|x|, NaN as it is.
HWY_INLINE Floats negative_of(Floats x) { return hn::Or(x, hn::SignBit(kFloats)); }

/// max(x, 0), NaN as it is.
HWY_INLINE Floats relu_of(Floats x) { return hn::IfThenElse(x < zeros(), zeros(), x); }

/// log(1 + exp(x)).
HWY_INLINE Floats softplus_of(Floats x) {
  return relu_of(x) + log1p_of_share(exp_of_negative(negative_of(x)));
}

/// phi(h). `kind` is relu, softplus, or identity for any other, given as `other`.
template <Activation kind>
HWY_INLINE Floats activate(Floats h, Activation other, float beta) {
  if constexpr (kind == Activation::relu) {
    return relu_of(h);
  } else if constexpr (kind == Activation::softplus) {
    return softplus_of(h * all(beta)) * all(1.0F / beta);
  } else {
    HWY_ALIGN float values[kWidth];
    hn::Store(h, kFloats, values);
    for (float& value : values) value = activation_jet(other, value, beta).value;
    return hn::Load(kFloats, values);
  }
}

struct FloatsJet {
  Floats value, first, second;
};

/// phi(h) with its first two derivatives; `kind` as above.
template <Activation kind>
HWY_INLINE FloatsJet activation_jet_of(Floats h, Activation other, float beta) {
  const Floats one = all(1.0F);
  if constexpr (kind == Activation::relu) {
    return {relu_of(h), hn::IfThenElseZero(h > zeros(), one), zeros()};
  } else if constexpr (kind == Activation::softplus) {
    const Floats x = h * all(beta);
    const Floats e = exp_of_negative(negative_of(x));
    const Floats large = one / (one + e);
    const Floats small = e * large;
    return {(relu_of(x) + log1p_of_share(e)) * all(1.0F / beta),
            hn::IfThenElse(x < zeros(), small, large), small * large * all(beta)};
  } else {
    HWY_ALIGN float value[kWidth], first[kWidth], second[kWidth];
    hn::Store(h, kFloats, value);
    for (std::int64_t i = 0; i < kWidth; ++i) {
      const auto scalar = activation_jet(other, value[i], beta);
      value[i] = scalar.value;
      first[i] = scalar.first;
      second[i] = scalar.second;
    }
    return {hn::Load(kFloats, value), hn::Load(kFloats, first), hn::Load(kFloats, second)};
  }
}

/// function.template operator()<kind>() with kind as activate() wants it.
template <class Function>
HWY_INLINE void with_activation(Activation kind, const Function& function) {
  switch (kind) {
    case Activation::relu:
      return function.template operator()<Activation::relu>();
    case Activation::softplus:
      return function.template operator()<Activation::softplus>();
    default:
      return function.template operator()<Activation::identity>();
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#endif
