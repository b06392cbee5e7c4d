// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/launch.cuh"
#include "src/kernels/support/split_float32.cuh"

// The inner loop of products with float32's digits on tensor cores, which float32_product and squared_product share.
namespace varphase::cuda {

/// Where a thread stands in a block's tile of the product, cut as C (a Cut) says: the part of the tile that its warp
/// computes, and the thread's place in the fragments of the instruction, as CUDA's documents number them.
template <class C>
struct WarpPlace {
  int row, column;  // where the warp's part begins
  int g, t;         // groupID and threadID_in_group

  __device__ WarpPlace() {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    row = warp / C::kWarpsAcross * C::kWarpRows;
    column = warp % C::kWarpsAcross * C::kWarpColumns;
    g = lane / 4;
    t = lane % 4;
  }
};

/// part[r][j] = the thread's entries of sum_k a[row, k] b[column, k] over the C::kDepth numbers k of two tiles in
/// shared memory. Tensor cores truncate as they add, so no more products than these should enter one of their sums.
/// @param entry_a, entry_b  a[row, k] and b[column, k] of the block's tiles
template <class C, class EntryA, class EntryB>
__device__ __forceinline__ void multiply_tiles(float (&part)[C::kRowTiles][C::kColumnTiles][4],
                                               const WarpPlace<C>& at, const EntryA& entry_a,
                                               const EntryB& entry_b) {
#pragma unroll
  for (int depth = 0; depth < C::kDepth; depth += 8) {
    unsigned b_large[C::kColumnTiles][2], b_small[C::kColumnTiles][2];
#pragma unroll
    for (int j = 0; j < C::kColumnTiles; ++j) {
#pragma unroll
      for (int i = 0; i < 2; ++i)
        split(entry_b(at.column + 8 * j + at.g, depth + at.t + 4 * i), b_large[j][i],
              b_small[j][i]);
    }
    unsigned a_large[C::kRowTiles][4], a_small[C::kRowTiles][4];
#pragma unroll
    for (int r = 0; r < C::kRowTiles; ++r) {
#pragma unroll
      for (int i = 0; i < 4; ++i)
        split(entry_a(at.row + 16 * r + at.g + 8 * (i % 2), depth + at.t + 4 * (i / 2)),
              a_large[r][i], a_small[r][i]);
    }
    // Term after term, so that the sums of one accumulator lie far apart in time.
    multiply_all(part, a_small, b_large, depth == 0);
    multiply_all(part, a_large, b_small);
    multiply_all(part, a_large, b_large);
  }
}

/// sum += part, in float32 that rounds to nearest.
template <int RowTiles, int ColumnTiles>
__device__ __forceinline__ void add_part(float (&sum)[RowTiles][ColumnTiles][4],
                                         const float (&part)[RowTiles][ColumnTiles][4]) {
#pragma unroll
  for (int r = 0; r < RowTiles; ++r) {
#pragma unroll
    for (int j = 0; j < ColumnTiles; ++j) {
#pragma unroll
      for (int i = 0; i < 4; ++i) sum[r][j][i] += part[r][j][i];
    }
  }
}

constexpr int kAddPartsThreads = 256;

/// c[i] += sum_s parts[s, i], in the order of s.   parts [split, count], c [count]
static __global__ void add_parts_kernel(const float* parts, std::int64_t count, int split,
                                        float* c) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kAddPartsThreads + threadIdx.x;
  if (i >= count) return;
  float sum = 0;
  for (int s = 0; s < split; ++s) sum += parts[s * count + i];
  c[i] += sum;
}

inline void add_parts(const float* parts, std::int64_t count, std::int64_t split, float* c,
                      cudaStream_t stream) {
  add_parts_kernel<<<blocks_for(count, kAddPartsThreads), kAddPartsThreads, 0, stream>>>(
      parts, count, static_cast<int>(split), c);
  check_launch("sum of a product's parts");
}

}  // namespace varphase::cuda
