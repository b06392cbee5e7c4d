// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/where.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {

/// Which noise the rows of a batch get: row n is example[n] of the data set, seen by member[n] (by member[0] where
/// member_stride is 0). The pointers lie where the kernel runs.
struct NoiseRows {
  const std::int64_t* example = nullptr;  // [N]
  const std::int64_t* member = nullptr;   // [N] or [1]
  std::int64_t member_stride = 0;
};

/// Draws a layer's output from its moments, the local reparameterization (docs/math.md, "Sampled forward"):
///
///     b = m + eps * sqrt(max(v, 0) + 1e-16)
///
/// @param m, v, b  [N, C, P], or [N, P, C] where channels_last: C channels at P positions (P = 1 for a dense layer). m
///   may be null: zero mean.
/// @param ratio  null, or overwritten with eps / (2 sd), 0 where v <= 0: the factor of the backward pass, dT/dv = dT/db
///   * ratio
void sample_output(const float* m, const float* v, std::int64_t rows, std::int64_t channels,
                   std::int64_t positions, const NoiseKey& key, const NoiseRows& noise, float* b,
                   float* ratio, Where where, bool channels_last = false);

namespace cuda {
void sample_output(const float* m, const float* v, std::int64_t rows, std::int64_t channels,
                   std::int64_t positions, const NoiseKey& key, const NoiseRows& noise, float* b,
                   float* ratio, bool channels_last, void* stream);
}  // namespace cuda

constexpr float kVarianceFloor = 1e-16F;

}  // namespace varphase
