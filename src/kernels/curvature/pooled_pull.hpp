// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/conv_geometry.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// The input gradients of a convolution below a max pool, of whose output units only the winners have a gradient:
///
///     out[n,y,x,c,f] = sum over winners u whose patch covers (y, x) of multiplier[n,u] weight[o,dy,dx,c] v[n,u,f]
///
/// with (dy, dx) the place of (y, x) in the winner's patch and o its channel. IEEE arithmetic; the same bits run after
/// run.
template <class T>
struct PooledPull {
  const T* v = nullptr;                    // [N, cells, O, F]
  const std::int32_t* position = nullptr;  // [N, cells, O], in [out_height, out_width]; -1: none
  const T* multiplier = nullptr;           // [N, cells, O]
  const T* weight = nullptr;               // [O, kernel, kernel, C]
  std::int64_t images = 0, cells = 0, outputs = 0, factors = 0;
  ConvGeometry conv;
  std::int32_t* winners = nullptr;  // [N, cells O, 2] of a GPU, as sort_winners leaves them
  std::int32_t* starts = nullptr;   // [N, out_height out_width + 1] likewise
  T* out = nullptr;                 // [N, H, W, C, F] overwritten
};

/// Sorts the winners by position; to be called once for all factors to come. Does nothing on a CPU. Reads position,
/// overwrites winners and starts.
template <class T>
void sort_winners(const PooledPull<T>& job, Where where);
template <class T>
void pooled_pull(const PooledPull<T>& job, Where where);

namespace cuda {
template <class T>
void sort_winners(const PooledPull<T>& job, void* stream);
template <class T>
void pooled_pull(const PooledPull<T>& job, void* stream);
}  // namespace cuda

}  // namespace varphase
