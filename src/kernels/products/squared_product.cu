// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/products/squared_product.hpp"

#include "src/kernels/products/tensor_core_tiles.cuh"
#include "src/kernels/support/launch.cuh"
#include "src/kernels/support/split_float32.cuh"

namespace varphase::cuda {
namespace {

// A row of a tile is depth + 4 long: the 32 lanes of a fragment load then fall into 32 banks.
template <class C>
constexpr int kRowFloats = C::kDepth + 4;

/// What a thread copies of a tile [Rows, Depth] of rows of k numbers.
template <class C, int Rows>
class FetchRows {
 public:
  __device__ FetchRows(std::int64_t first, std::int64_t count)
      : row_(static_cast<int>(threadIdx.x) / kQuads),
        depth_(static_cast<int>(threadIdx.x) % kQuads * 4),
        rows_(static_cast<int>(min(count - first, std::int64_t{Rows}))),
        first_(first) {}

  __device__ void operator()(float* tile, const float* matrix, int k, int k0) const {
    const float* from = matrix + (first_ + row_) * k + k0 + depth_;
#pragma unroll
    for (int i = 0; i < (Rows * kQuads + C::kThreads - 1) / C::kThreads; ++i) {
      const int down = i * kTogether;
      if (row_ + down >= Rows) break;
      const bool real = row_ + down < rows_ && k0 + depth_ < k;
      copy_16_bytes(tile + (row_ + down) * kRowFloats<C> + depth_,
                    real ? from + static_cast<std::int64_t>(down) * k : matrix, real);
    }
  }

 private:
  static constexpr int kQuads = C::kDepth / 4;
  static constexpr int kTogether = C::kThreads / kQuads;
  int row_, depth_, rows_;
  std::int64_t first_;
};

// blockIdx.x, .y: tile of the sum; blockIdx.z: share of the items, written to its own part.
template <class C>
__global__ void __launch_bounds__(C::kThreads, C::kBlocks)
    squared_product_kernel(SquaredProduct job, std::int64_t share) {
  extern __shared__ float4 shared[];
  float* tiles = reinterpret_cast<float*>(shared);
  constexpr int floats_a = C::kRows * kRowFloats<C>;
  constexpr int floats = floats_a + C::kColumns * kRowFloats<C>;
  const std::int64_t row0 = static_cast<std::int64_t>(blockIdx.y) * C::kRows;
  const std::int64_t column0 = static_cast<std::int64_t>(blockIdx.x) * C::kColumns;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.z) * share;
  const std::int64_t end = min(begin + share, job.items);
  const int k = static_cast<int>(job.k);
  const int k_steps = (k + C::kDepth - 1) / C::kDepth;

  const FetchRows<C, C::kRows> fetch_a(row0, job.m);
  const FetchRows<C, C::kColumns> fetch_b(column0, job.n);
  std::int64_t next_item = begin;
  int next_k = 0, fetched = 0;
  const auto fetch_step = [&] {
    if (next_item < end) {
      float* stage = tiles + fetched % C::kStages * floats;
      fetch_a(stage, job.a + next_item * job.m * job.k, k, next_k * C::kDepth);
      fetch_b(stage + floats_a, job.b + next_item / job.repeat * job.n * job.k, k,
              next_k * C::kDepth);
      ++fetched;
      if (++next_k == k_steps) {
        next_k = 0;
        ++next_item;
      }
    }
    asm volatile("cp.async.commit_group;");
  };
  for (int step = 0; step < C::kStages - 1; ++step) fetch_step();

  const WarpPlace<C> at;
  float sum[C::kRowTiles][C::kColumnTiles][4] = {};
  int stage = 0;
  for (std::int64_t item = begin; item < end; ++item) {
    float product[C::kRowTiles][C::kColumnTiles][4] = {};
    for (int step = 0; step < k_steps; ++step) {
      asm volatile("cp.async.wait_group %0;" ::"n"(C::kStages - 2));
      __syncthreads();
      fetch_step();
      const float* tile_a = tiles + stage * floats;
      const float* tile_b = tile_a + floats_a;
      stage = stage + 1 == C::kStages ? 0 : stage + 1;
      float part[C::kRowTiles][C::kColumnTiles][4];
      multiply_tiles<C>(
          part, at, [&](int row, int depth) { return tile_a[row * kRowFloats<C> + depth]; },
          [&](int column, int depth) { return tile_b[column * kRowFloats<C> + depth]; });
      add_part(product, part);
    }
    const float sign = job.sign != nullptr ? job.sign[item] : 1.0F;
#pragma unroll
    for (int r = 0; r < C::kRowTiles; ++r) {
#pragma unroll
      for (int j = 0; j < C::kColumnTiles; ++j) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sum[r][j][i] += sign * product[r][j][i] * product[r][j][i];
      }
    }
  }
  asm volatile("cp.async.wait_all;");

  float* to = job.parts + static_cast<std::int64_t>(blockIdx.z) * job.m * job.n;
#pragma unroll
  for (int r = 0; r < C::kRowTiles; ++r) {
#pragma unroll
    for (int j = 0; j < C::kColumnTiles; ++j) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const std::int64_t row = row0 + at.row + 16 * r + at.g + 8 * (i / 2);
        const std::int64_t column = column0 + at.column + 8 * j + 2 * at.t + i % 2;
        if (row < job.m && column < job.n) to[row * job.n + column] = sum[r][j][i];
      }
    }
  }
}

template <class C>
void launch(const SquaredProduct& job, std::int64_t split, cudaStream_t stream) {
  const auto kernel = squared_product_kernel<C>;
  constexpr int shared =
      C::kStages * (C::kRows + C::kColumns) * kRowFloats<C> * static_cast<int>(sizeof(float));
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared),
        "squared_product: shared memory");
  const dim3 grid(blocks_for(job.n, C::kColumns), blocks_for(job.m, C::kRows),
                  static_cast<unsigned>(split));
  kernel<<<grid, C::kThreads, shared, stream>>>(job, (job.items + split - 1) / split);
  check_launch("squared_product");
}

}  // namespace

void squared_product(const SquaredProduct& job, std::int64_t split, void* stream) {
  if (job.m == 0 || job.n == 0 || job.items == 0) return;
  // Half the depth where the last step of the full one would be half empty.
  const auto whole = [&](std::int64_t depth) { return (job.k + depth - 1) / depth * depth; };
  const bool shallow = whole(16) * 100 < whole(32) * 93;
  const cudaStream_t on = as_stream(stream);
  if (job.n <= 32) {
    shallow ? launch<Cut<32, 32, 16, 16, 16, 4, 4>>(job, split, on)
            : launch<Cut<32, 32, 16, 16, 32, 4, 4>>(job, split, on);
  } else if (job.m <= 32) {
    shallow ? launch<Cut<32, 128, 32, 32, 16, 4, 3>>(job, split, on)
            : launch<Cut<32, 128, 32, 32, 32, 3, 3>>(job, split, on);
  } else if (job.n <= 96) {
    shallow ? launch<Cut<64, 96, 32, 32, 16, 4, 2>>(job, split, on)
            : launch<Cut<64, 96, 32, 32, 32, 3, 2>>(job, split, on);
  } else if ((job.m + 95) / 96 * 96 < (job.m + 63) / 64 * 64) {
    shallow ? launch<Cut<96, 64, 32, 32, 16, 4, 2>>(job, split, on)
            : launch<Cut<96, 64, 32, 32, 32, 3, 2>>(job, split, on);
  } else {
    shallow ? launch<Cut<64, 128, 32, 32, 16, 4, 2>>(job, split, on)
            : launch<Cut<64, 128, 32, 32, 32, 3, 2>>(job, split, on);
  }
  add_parts(job.parts, job.m * job.n, split, job.sum, on);
}

}  // namespace varphase::cuda
