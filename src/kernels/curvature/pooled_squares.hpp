// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/curvature/pooled_patches.hpp"

namespace varphase {

/// parts[s,o,w], summed over s: sum_n,f sign[n,f] (sum_cell v[n,cell,o,f] x[n,cell,o,w])^2, x the
/// patch times the multiplier. IEEE arithmetic; the same bits run after run.
template <class T>
struct PooledSquares : PooledPatches<T> {
  std::int32_t* winners = nullptr;  // [N, O, cells] of a GPU, as list_winners leaves them
  std::int32_t* counts = nullptr;   // [N, O] likewise
  T* parts = nullptr;               // [pooled_squares_parts, O, C kernel kernel] overwritten
};

/// The cells of each image and output through which something passes, for all factors to come.
/// Nothing on a CPU. Reads corner; overwrites winners, counts.
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
