// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/conv_geometry.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// Both moments of a dense or convolutional layer of which few weights are left, in one pass over
/// their pattern. Of output unit j at a place whose window of the input begins at row y, column x:
///
///     m[n][place][j] = bias[j] + sum_e mean[e] a[n][e],  v[n][place][j] = sum_e variance[e]
///     a[n][e]^2
///
/// e running over the unit's kept weights, a[n][e] being the input that weight e meets there; those
/// that meet padding are left out. Weights are sorted by kernel place and channel (the order
/// [out, height, width, in]), `indices` is their column (ky * kernel + kx) * channels + channel,
/// and indptr has an entry for each place of each unit's kernel, so that a row of the kernel that
/// lies inside the input is one stretch of weights. Of a dense layer all this is CSR, rows being
/// output units. A weight that is not in the pattern is not looked at, whatever its input.
/// Source: docs/math.md, "Sampled forward".
struct SparseMoments {
  const float* x = nullptr;               // [N, height, width, channels]
  std::int64_t rows = 0;                  // N
  ConvGeometry geometry;                  // places P = out_height * out_width
  std::int64_t outputs = 0;               // J
  const std::int32_t* indptr = nullptr;   // [J * kernel * kernel + 1]
  const std::int32_t* indices = nullptr;  // [E], 0 <= index < kernel * kernel * channels
  const float* mean = nullptr;            // [E], where m is wanted
  const float* variance = nullptr;        // [E], where v is wanted
  const float* bias = nullptr;            // [J], or null
  float* m = nullptr;                     // [N, P, J] overwritten, or null: not wanted
  float* v = nullptr;                     // [N, P, J] overwritten, or null: not wanted
  /// x turned over, [height * width * channels, N], where sparse_moments_wants_columns.
  const float* columns = nullptr;
};

/// Whether the job, complete but for `columns`, needs them: on a GPU, of inputs too long to be
/// turned over on the way.
bool sparse_moments_wants_columns(const SparseMoments& job, Where where);

/// The same bits at every call of the same size, on one device; on a CPU for any number of threads
/// and images.
void sparse_moments(const SparseMoments& job, Where where);

namespace cuda {
bool sparse_moments_wants_columns(const SparseMoments& job);
void sparse_moments(const SparseMoments& job, void* stream);
}  // namespace cuda

}  // namespace varphase
