// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/noise/normal_fill.hpp"

#include <algorithm>
#include <cstring>

#include "src/noise/normal.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

constexpr int kLanes = 16;  // blocks at a time: wide enough for AVX-512

// philox() of eight neighbouring blocks, a block a 64-bit lane: the halves of a product lie where
// the next round wants them, and what is left above 32 bits is masked only before a multiplication.
using Wide = std::uint64_t __attribute__((vector_size(64)));
using Narrow = std::uint32_t __attribute__((vector_size(32)));

inline __attribute__((always_inline)) void philox_of_eight(const NoiseKey& key,
                                                           std::uint32_t example,
                                                           std::uint32_t member, std::uint32_t quad,
                                                           std::uint32_t* words) {
  const Wide low = Wide{} + 0xffffffffU;
  Wide c0 = Wide{0, 1, 2, 3, 4, 5, 6, 7} + quad;
  Wide c1 = Wide{} + example;
  Wide c2 = Wide{} + member;
  Wide c3 = Wide{} + key.c3();
  std::uint32_t k0 = key.k0(), k1 = key.k1();
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const Wide a = (c0 & low) * 0xD2511F53U;
    const Wide b = (c2 & low) * 0xCD9E8D57U;
    c0 = (b >> 32) ^ c1 ^ k0;
    c2 = (a >> 32) ^ c3 ^ k1;
    c1 = b;
    c3 = a;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  const Wide all[4] = {c0, c1, c2, c3};
  for (int i = 0; i < 4; ++i) {
    const Narrow half = __builtin_convertvector(all[i], Narrow);
    std::memcpy(words + i * kLanes, &half, sizeof half);
  }
}

VARPHASE_SIMD_CLONES void normals_of_lanes(const NoiseKey& key, std::uint32_t example,
                                           std::uint32_t member, std::uint32_t quad, float* out) {
  std::uint32_t words[4 * kLanes];
  philox_of_eight(key, example, member, quad, words);
  philox_of_eight(key, example, member, quad + 8, words + 8);
  float values[4][kLanes];
  for (int lane = 0; lane < kLanes; ++lane) {
    const NormalPair first = normal_pair(words[lane], words[kLanes + lane]);
    const NormalPair second = normal_pair(words[2 * kLanes + lane], words[3 * kLanes + lane]);
    values[0][lane] = first.even;
    values[1][lane] = first.odd;
    values[2][lane] = second.even;
    values[3][lane] = second.odd;
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int i = 0; i < 4; ++i) out[4 * lane + i] = values[i][lane];
  }
}

}  // namespace

void fill_normals(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                  std::int64_t units, float* out) {
  constexpr std::int64_t kChunk = 4 * kLanes;
  std::int64_t unit = 0;
  for (; unit + kChunk <= units; unit += kChunk) {
    normals_of_lanes(key, example, member, static_cast<std::uint32_t>(unit / 4), out + unit);
  }
  if (unit < units) {
    float rest[kChunk];
    normals_of_lanes(key, example, member, static_cast<std::uint32_t>(unit / 4), rest);
    std::copy(rest, rest + (units - unit), out + unit);
  }
}

float normal_at(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                std::uint64_t unit) {
  const PhiloxBlock block =
      noise_block(key, example, member, static_cast<std::uint32_t>(unit >> 2U));
  const bool second = (unit & 2U) != 0;
  const NormalPair pair = normal_pair(second ? block.x2 : block.x0, second ? block.x3 : block.x1);
  return (unit & 1U) != 0 ? pair.odd : pair.even;
}

void fill_uniforms(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                   std::int64_t units, float* out) {
  for (std::int64_t unit = 0; unit < units; ++unit) {
    const PhiloxBlock block =
        noise_block(key, example, member, static_cast<std::uint32_t>(unit / 4));
    const std::uint32_t words[4] = {block.x0, block.x1, block.x2, block.x3};
    out[unit] = uniform_from_word(words[unit % 4]);
  }
}

}  // namespace varphase
