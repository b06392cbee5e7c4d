// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Functions that run on the host and, where nvcc compiles them, on the device, with the same bits.
#if defined(__CUDACC__)
#define VARPHASE_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define VARPHASE_HOST_DEVICE inline __attribute__((always_inline))
#endif

namespace varphase {

/// Four 32-bit words of one Philox block.
struct PhiloxBlock {
  std::uint32_t x0, x1, x2, x3;
};

/// Philox4x32-10: ten rounds, the key bumped after each (Salmon et al., SC 2011).
VARPHASE_HOST_DEVICE PhiloxBlock philox(std::uint32_t c0, std::uint32_t c1, std::uint32_t c2,
                                        std::uint32_t c3, std::uint32_t k0, std::uint32_t k1) {
#if defined(__CUDACC__)
#pragma unroll
#else
#pragma GCC unroll 10
#endif
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = static_cast<std::uint64_t>(0xD2511F53U) * c0;
    const std::uint64_t b = static_cast<std::uint64_t>(0xCD9E8D57U) * c2;
    const std::uint32_t n0 = static_cast<std::uint32_t>(b >> 32U) ^ c1 ^ k0;
    const std::uint32_t n2 = static_cast<std::uint32_t>(a >> 32U) ^ c3 ^ k1;
    c1 = static_cast<std::uint32_t>(b);
    c3 = static_cast<std::uint32_t>(a);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {c0, c1, c2, c3};
}

}  // namespace varphase
