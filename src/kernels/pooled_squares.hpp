// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/where.hpp"

namespace varphase {

/// parts[s,o,w], summed over s: sum_n,f sign[n,f] (sum_cell v[n,cell,o,f] patch[n,cell,o,w])^2, of
/// a convolution below a max pool. A cell of the pool has one winner among the convolution's output
/// units and thereby one patch of its input, given by the place of the patch's first corner. IEEE
/// arithmetic; the same bits run after run.
template <class T>
struct PooledSquares {
  const T* v = nullptr;                  // [N, cells, O, F]
  const std::int32_t* corner = nullptr;  // [N, cells, O], flat in [Hp, Wp]; -1: nothing passes
  const T* multiplier = nullptr;         // [N, cells, O]
  const T* input = nullptr;              // [N, C, Hp, Wp], padded
  const T* sign = nullptr;               // [N, F]; null: all +1
  std::int64_t images = 0, cells = 0, outputs = 0, factors = 0;
  std::int64_t channels = 0, height = 0, width = 0, kernel = 1;  // of the padded input
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
