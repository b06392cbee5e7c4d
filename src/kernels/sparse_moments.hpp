// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/where.hpp"

namespace varphase {

/// Both moments of a dense layer of which few weights are left, in one pass over their pattern:
///
///     m[n][j] = bias[j] + sum_e mean[e] x[n][indices[e]],  v[n][j] = sum_e variance[e]
///     x[n][indices[e]]^2
///
/// e running over indptr[j] .. indptr[j + 1] - 1 (CSR, rows are output units). A weight that is not
/// in the pattern is not looked at, whatever its input. Source: docs/math.md, "Sampled forward".
struct SparseMoments {
  const float* x = nullptr;               // [N, I]
  std::int64_t rows = 0;                  // N
  std::int64_t inputs = 0;                // I
  std::int64_t outputs = 0;               // J
  const std::int32_t* indptr = nullptr;   // [J + 1]
  const std::int32_t* indices = nullptr;  // [E], 0 <= index < I
  const float* mean = nullptr;            // [E], where m is wanted
  const float* variance = nullptr;        // [E], where v is wanted
  const float* bias = nullptr;            // [J], or null
  float* m = nullptr;                     // [N, J] overwritten, or null: not wanted
  float* v = nullptr;                     // [N, J] overwritten, or null: not wanted
};

/// The same bits at every call of the same size, on one device; on a CPU for any number of threads
/// and images.
void sparse_moments(const SparseMoments& job, Where where);

namespace cuda {
void sparse_moments(const SparseMoments& job, void* stream);
}

}  // namespace varphase
