// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/noise/noise_key.hpp"

namespace varphase {

/// out[u] = the normal number of unit `u`, for u = 0 .. units - 1.
void fill_normals(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                  std::int64_t units, float* out);

/// One normal number; the slow and plain form of fill_normals.
float normal_at(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                std::uint64_t unit);

/// out[u] = uniform [0, 1) of unit `u`.
void fill_uniforms(const NoiseKey& key, std::uint32_t example, std::uint32_t member,
                   std::int64_t units, float* out);

}  // namespace varphase
