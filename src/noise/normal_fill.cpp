// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/noise/normal_fill.hpp"

#include <algorithm>

#include "src/noise/normal.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

constexpr int kLanes = 16;  // blocks at a time: wide enough for AVX-512

VARPHASE_SIMD_CLONES void normals_of_lanes(const NoiseKey& key, std::uint32_t example,
                                           std::uint32_t member, std::uint32_t quad, float* out) {
  float values[4][kLanes];
  for (int lane = 0; lane < kLanes; ++lane) {
    const PhiloxBlock block =
        noise_block(key, example, member, quad + static_cast<std::uint32_t>(lane));
    const NormalPair first = normal_pair(block.x0, block.x1);
    const NormalPair second = normal_pair(block.x2, block.x3);
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
  constexpr std::int64_t chunk = 4 * kLanes;
  std::int64_t unit = 0;
  for (; unit + chunk <= units; unit += chunk) {
    normals_of_lanes(key, example, member, static_cast<std::uint32_t>(unit / 4), out + unit);
  }
  if (unit < units) {
    float rest[chunk];
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
