// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/conv_geometry.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// Both moments of the output of a dense or convolutional layer that has few weights left, in one pass over them. For
/// output unit j at a place:
///
///     m[n][place][j] = bias[j] + sum_e mean[e] a[n][e]
///     v[n][place][j] = sum_e variance[e] a[n][e]^2
///
/// where e runs over the unit's kept weights and a[n][e] is the input that weight e meets at that place; weights that
/// meet padding are left out.
///
/// The weights are those of the order [out, height, width, in]. `indices` holds each weight's column, (ky * kernel +
/// kx) * channels + channel. `indptr` has an entry for each place of each unit's kernel, so that the weights of a row
/// of the kernel, or of the part of it that lies inside the input, lie together. For a dense layer this is CSR with
/// output units as rows. Weights that are not in the pattern are not looked at, whatever their input. Source:
/// docs/math.md, "Sampled forward".
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
  /// x transposed, [height * width * channels, N], where sparse_moments_wants_columns.
  const float* columns = nullptr;
};

/// Whether a job that is complete but for `columns` needs them: on a GPU, for inputs too long to be transposed in a
/// block's memory.
bool sparse_moments_wants_columns(const SparseMoments& job, Where where);

/// Computes the moments. The same bits at every call of the same size on one device; on a CPU for any number of threads
/// and images.
void sparse_moments(const SparseMoments& job, Where where);

namespace cuda {
bool sparse_moments_wants_columns(const SparseMoments& job);
void sparse_moments(const SparseMoments& job, void* stream);
}  // namespace cuda

}  // namespace varphase
