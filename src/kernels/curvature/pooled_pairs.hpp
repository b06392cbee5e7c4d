// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/curvature/pooled_patches.hpp"

namespace varphase {

/// The same sums as PooledSquares, for many factors and few cells: over pairs of cells p and q,
///
///     parts[s,o,w] = sum_{n,p,q} pairs[n,o,p,q] x[n,p,o,w] x[n,q,o,w]   (summed over s)
///     pairs[n,o,p,q] = sum_f sign[n,f] v[n,p,o,f] v[n,q,o,f]
///
/// Of the pairs only those with q >= p are kept, in whole tiles of 4 x 4. The same bits run after run.
template <class T>
struct PooledPairs : PooledPatches<T> {
  T* pairs = nullptr;  // [N, O, cells, cells]
  T* parts = nullptr;  // [pooled_pairs_parts, O, C kernel kernel] overwritten
};

/// Whether the kernels take so many cells.
bool pooled_pairs_fit(std::int64_t cells);
/// Adds some factors to the pairs. Reads v and sign.
template <class T>
void add_pooled_pairs(const PooledPairs<T>& job, Where where);
/// Computes parts from the pairs. Reads pairs, corner, multiplier and input.
template <class T>
void read_pooled_pairs(const PooledPairs<T>& job, Where where);
template <class T>
std::int64_t pooled_pairs_parts(const PooledPairs<T>& job, Where where);

namespace cuda {
template <class T>
void add_pooled_pairs(const PooledPairs<T>& job, void* stream);
template <class T>
void read_pooled_pairs(const PooledPairs<T>& job, std::int64_t parts, void* stream);
}  // namespace cuda

}  // namespace varphase
