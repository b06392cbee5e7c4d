// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/curvature/pooled_patches.hpp"

namespace varphase {

/// Squares of the products of factors and patches, summed over images and factors, for each weight w of output channel
/// o:
///
///     parts[s,o,w] = sum_{n,f} sign[n,f] (sum_cell v[n,cell,o,f] x[n,cell,o,w])^2   (summed over s)
///
/// IEEE arithmetic; the same bits run after run.
template <class T>
struct PooledSquares : PooledPatches<T> {
  std::int32_t* winners = nullptr;  // [N, O, cells] of a GPU, as list_winners leaves them
  std::int32_t* counts = nullptr;   // [N, O] likewise
  T* parts = nullptr;               // [pooled_squares_parts, O, C kernel kernel] overwritten
};

/// Lists the cells of each image and output through which something passes; to be called once for all factors to come.
/// Does nothing on a CPU. Reads corner, overwrites winners and counts.
template <class T>
void list_winners(const PooledSquares<T>& job, Where where);
template <class T>
std::int64_t pooled_squares_parts(const PooledSquares<T>& job, Where where);
template <class T>
void pooled_squares(const PooledSquares<T>& job, Where where);

namespace cuda {
template <class T>
void list_winners(const PooledSquares<T>& job, void* stream);
template <class T>
void pooled_squares(const PooledSquares<T>& job, std::int64_t parts, void* stream);
}  // namespace cuda

}  // namespace varphase
