// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "src/kernels/layers/norm_pool.hpp"

// What norm_pool's CPU twin does with images begin .. end - 1 of a batch, in vectors.
namespace varphase::norm_pool_pieces {

using Scale = std::vector<float>;  // [C], h = scale (x - mean) + bias

/// dx = k dh at the winner + a (x - mean) + b everywhere.
struct Spread {
  std::vector<float> k, a, b;  // [C]
};

/// Adds x - pivot and its square onto sums[0 .. C) and sums[C .. 2 C).
void sum_values(const NormPool<float>& job, const float* pivot, std::int64_t begin,
                std::int64_t end, double* sums);
/// Writes y and winner.
void pool(const NormPool<float>& job, const Scale& scale, std::int64_t begin, std::int64_t end);
/// Adds dh and dh (x - mean) onto sums[0 .. C) and sums[C .. 2 C).
void sum_gradients(const NormPool<float>& job, const NormPoolGradient<float>& gradient,
                   const Scale& scale, std::int64_t begin, std::int64_t end, double* sums);
/// Writes dx.
void spread(const NormPool<float>& job, const NormPoolGradient<float>& gradient, const Scale& scale,
            const Spread& spread, std::int64_t begin, std::int64_t end);

}  // namespace varphase::norm_pool_pieces
