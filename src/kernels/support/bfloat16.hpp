// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>

#include "src/noise/philox.hpp"

namespace varphase {

/// The upper half of a float32, as c10::BFloat16 and __nv_bfloat16 lie in memory.
struct Bfloat16 {
  std::uint16_t bits;
};

VARPHASE_HOST_DEVICE float widened(float x) { return x; }

VARPHASE_HOST_DEVICE float widened(Bfloat16 x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x.bits) << 16U;
  float wide;
  memcpy(&wide, &bits, sizeof wide);
  return wide;
}

/// The nearest number of type T; of two that are equally near, the one whose last bit is 0. NaN stays NaN.
template <class T>
VARPHASE_HOST_DEVICE T narrowed(float x);

template <>
VARPHASE_HOST_DEVICE float narrowed<float>(float x) {
  return x;
}

template <>
VARPHASE_HOST_DEVICE Bfloat16 narrowed<Bfloat16>(float x) {
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (x != x) return {static_cast<std::uint16_t>((bits >> 16U) | 0x40U)};
  return {static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U)};
}

/// Neighbours in memory that are read or written at once.
template <class T, int count>
struct alignas(sizeof(T) * count) Pack {
  T at[count];
};

}  // namespace varphase
