// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/float32_product.hpp"

#include "src/kernels/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kTile = 128;  // side of a block's tile of c
constexpr int kDepth = 16;  // of k at a time
constexpr int kStages = 4;  // tiles of a and b in flight
constexpr int kThreads = 256;
constexpr int kWarpRows = 64, kWarpColumns = 32;  // of the tile: 2 x 4 warps
constexpr int kRowTiles = kWarpRows / 16, kColumnTiles = kWarpColumns / 8;

// Where k is the inner index a tile is [128, 16 + 4], else [16, 128 + 8]: with that padding the 32
// lanes of a fragment load fall into 32 banks.
template <bool KOuter>
constexpr int kStride = KOuter ? kTile + 8 : kDepth + 4;
template <bool KOuter>
constexpr int kTileFloats = KOuter ? kDepth* kStride<true> : kTile* kStride<false>;

struct Operand {
  const float* data;
  std::int64_t count;   // of rows m (or n)
  std::int64_t stride;  // floats from one row, or from one k, to the next
};

__device__ void copy_16_bytes(float* to, const float* from, bool real) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to));
  const int bytes = real ? 16 : 0;  // the rest is filled with zeros
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from),
               "r"(bytes));
}

template <bool KOuter>
__device__ void fetch(float* tile, const Operand& from, std::int64_t first, std::int64_t k,
                      std::int64_t k_end) {
  for (int i = static_cast<int>(threadIdx.x); i < kTile * kDepth / 4; i += kThreads) {
    const int row = KOuter ? i % (kTile / 4) * 4 : i / (kDepth / 4);
    const int depth = KOuter ? i / (kTile / 4) : i % (kDepth / 4) * 4;
    const bool real = first + row < from.count && k + depth < k_end;
    const float* source = KOuter ? from.data + (k + depth) * from.stride + first + row
                                 : from.data + (first + row) * from.stride + k + depth;
    float* to = KOuter ? tile + depth * kStride<true> + row : tile + row * kStride<false> + depth;
    copy_16_bytes(to, real ? source : from.data, real);
  }
}

template <bool KOuter>
__device__ float entry(const float* tile, int row, int depth) {
  return KOuter ? tile[depth * kStride<true> + row] : tile[row * kStride<false> + depth];
}

// The tensor cores drop the low 13 bits of a number; half of what they drop is added first. Integer
// additions, because the conversion instruction runs at an eighth of their rate.
constexpr unsigned kHalf = 0x1000U, kKept = 0xffffe000U;

/// x = large + small + 2^-23 |x| at most, each of 11 bits.
__device__ void split(float x, unsigned& large, unsigned& small) {
  large = (__float_as_uint(x) + kHalf) & kKept;
  small = __float_as_uint(x - __uint_as_float(large)) + kHalf;
}

__device__ void multiply(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ void multiply_all(float (&part)[kRowTiles][kColumnTiles][4],
                             const unsigned (&a)[kRowTiles][4],
                             const unsigned (&b)[kColumnTiles][2]) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j) multiply(part[r][j], a[r], b[j]);
  }
}

// blockIdx.x, .y: tile of c; blockIdx.z: share of k, written to its own part.
template <bool KOuter, bool SquareB>
__global__ void __launch_bounds__(kThreads, 1)
    product_kernel(Operand a, Operand b, std::int64_t k, std::int64_t share, float* c) {
  extern __shared__ float4 shared[];
  float* tiles = reinterpret_cast<float*>(shared);
  constexpr int stage_floats = 2 * kTileFloats<KOuter>;
  const std::int64_t row0 = static_cast<std::int64_t>(blockIdx.y) * kTile;
  const std::int64_t column0 = static_cast<std::int64_t>(blockIdx.x) * kTile;
  const std::int64_t k_begin = static_cast<std::int64_t>(blockIdx.z) * share;
  const std::int64_t k_end = min(k_begin + share, k);
  const int steps = k_begin < k_end ? static_cast<int>((k_end - k_begin + kDepth - 1) / kDepth) : 0;

  const auto fetch_step = [&](int step) {
    if (step < steps) {
      float* stage = tiles + step % kStages * stage_floats;
      fetch<KOuter>(stage, a, row0, k_begin + static_cast<std::int64_t>(step) * kDepth, k_end);
      fetch<KOuter>(stage + kTileFloats<KOuter>, b, column0,
                    k_begin + static_cast<std::int64_t>(step) * kDepth, k_end);
    }
    asm volatile("cp.async.commit_group;");
  };
  for (int step = 0; step < kStages - 1; ++step) fetch_step(step);

  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int warp_row = warp / 4 * kWarpRows, warp_column = warp % 4 * kWarpColumns;
  const int g = lane / 4, t = lane % 4;  // as the instruction's fragments are numbered
  float sum[kRowTiles][kColumnTiles][4] = {};
  for (int step = 0; step < steps; ++step) {
    asm volatile("cp.async.wait_group %0;" ::"n"(kStages - 2));
    __syncthreads();
    fetch_step(step + kStages - 1);
    const float* tile_a = tiles + step % kStages * stage_floats;
    const float* tile_b = tile_a + kTileFloats<KOuter>;
    // The tensor cores truncate as they add: so few products enter one of their sums.
    float part[kRowTiles][kColumnTiles][4] = {};
#pragma unroll
    for (int depth = 0; depth < kDepth; depth += 8) {
      unsigned b_large[kColumnTiles][2], b_small[kColumnTiles][2];
#pragma unroll
      for (int j = 0; j < kColumnTiles; ++j) {
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          float x = entry<KOuter>(tile_b, warp_column + 8 * j + g, depth + t + 4 * i);
          if (SquareB) x *= x;
          split(x, b_large[j][i], b_small[j][i]);
        }
      }
      unsigned a_large[kRowTiles][4], a_small[kRowTiles][4];
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int row = warp_row + 16 * r + g + 8 * (i % 2);
          split(entry<KOuter>(tile_a, row, depth + t + 4 * (i / 2)), a_large[r][i], a_small[r][i]);
        }
      }
      // Term after term, so that the sums of one accumulator lie far apart in time.
      multiply_all(part, a_small, b_large);
      multiply_all(part, a_large, b_small);
      multiply_all(part, a_large, b_large);
    }
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int j = 0; j < kColumnTiles; ++j) {
#pragma unroll
        for (int i = 0; i < 4; ++i) sum[r][j][i] += part[r][j][i];
      }
    }
  }
  asm volatile("cp.async.wait_all;");

  float* to = c + static_cast<std::int64_t>(blockIdx.z) * a.count * b.count;
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const std::int64_t row = row0 + warp_row + 16 * r + g + 8 * half;
        const std::int64_t column = column0 + warp_column + 8 * j + 2 * t;
        if (row < a.count && column < b.count) {
          *reinterpret_cast<float2*>(to + row * b.count + column) =
              make_float2(sum[r][j][2 * half], sum[r][j][2 * half + 1]);
        }
      }
    }
  }
}

__global__ void add_parts_kernel(const float* parts, std::int64_t count, int split, float* c) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  float sum = 0;
  for (int s = 0; s < split; ++s) sum += parts[s * count + i];
  c[i] += sum;
}

template <bool KOuter, bool SquareB>
void launch(const Operand& a, const Operand& b, std::int64_t k, std::int64_t split, float* c,
            cudaStream_t stream) {
  const auto kernel = product_kernel<KOuter, SquareB>;
  constexpr int shared = kStages * 2 * kTileFloats<KOuter> * static_cast<int>(sizeof(float));
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared),
        "float32_product: shared memory");
  const std::int64_t share = ((k + split - 1) / split + kDepth - 1) / kDepth * kDepth;
  const dim3 grid(blocks_for(b.count, kTile), blocks_for(a.count, kTile),
                  static_cast<unsigned>(split));
  kernel<<<grid, kThreads, shared, stream>>>(a, b, k, share, c);
  check_launch("float32_product");
}

}  // namespace

void product_of_rows(const float* a, const float* b, std::int64_t m, std::int64_t n, std::int64_t k,
                     float* c, void* stream) {
  if (m == 0 || n == 0) return;
  launch<false, false>({a, m, k}, {b, n, k}, k, 1, c, as_stream(stream));
}

void add_product_with_squares(const float* a, const float* b, std::int64_t m, std::int64_t n,
                              std::int64_t k, float* c, float* parts, std::int64_t split,
                              void* stream) {
  if (m == 0 || n == 0) return;
  launch<true, true>({a, m, m}, {b, n, n}, k, split, parts, as_stream(stream));
  const std::int64_t count = m * n;
  add_parts_kernel<<<blocks_for(count, kThreads), kThreads, 0, as_stream(stream)>>>(
      parts, count, static_cast<int>(split), c);
  check_launch("float32_product: parts");
}

}  // namespace varphase::cuda
