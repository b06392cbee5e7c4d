// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include <cuda_fp16.h>

#include "src/kernels/products/float32_product.hpp"
#include "src/kernels/support/launch.cuh"

// The matrix instructions of a whole warp group are Hopper's: the device code is there where sm_90a
// is compiled for, and the launcher is called where CMake said so (VARPHASE_SM90A).

#if VARPHASE_SM90A

namespace varphase::cuda {
namespace {

constexpr int kTile = 128;      // rows of a, and of b, that a block multiplies
constexpr int kDepth = 64;      // of k, fetched at a time: a row of a tile is 128 bytes
constexpr int kStages = 3;      // such tiles in flight
constexpr int kGroupRows = 64;  // of a, that a warp group multiplies
constexpr int kThreads = kTile / kGroupRows * 128;
constexpr int kChunks = kDepth / 8;       // of 16 bytes in a row of a tile
constexpr int kPlane = kTile * kDepth;    // halves: the large or the small parts of a tile
constexpr int kStageHalves = 4 * kPlane;  // a large, a small, b large, b small
constexpr int kAlignment = 1024;          // of a tile, for the swizzle of 128 bytes
constexpr int kResultStride = kTile + 8;  // floats: two rows of a warp's pairs share no bank
constexpr int kSums = kTile / 2;          // of a thread: [kTile / 8, 2, 2]

// One warp a row: x scale = large + small, scale the power of two that brings the row's largest
// number to [2^14, 2^15). Then |rest| <= 2^-22 |x scale|, and never over 2^-25, the half of
// float16's last place at zero: 2^-39 of the row's largest.
__global__ void __launch_bounds__(kThreads)
    split_rows_kernel(const float* x, std::int64_t rows, int k, int padded, __half* parts,
                      float* inverse_scale) {
  const std::int64_t row =
      static_cast<std::int64_t>(blockIdx.x) * (kThreads / 32) + threadIdx.x / 32;
  if (row >= rows) return;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const float* from = x + row * k;
  float largest = 0;
  for (int i = lane; i < k; i += 32) largest = fmaxf(largest, fabsf(from[i]));
  for (int offset = 16; offset > 0; offset /= 2)
    largest = fmaxf(largest, __shfl_xor_sync(0xffffffffU, largest, offset));
  const bool plain = largest > 0 && largest < INFINITY;
  const int exponent = plain ? min(14 - ilogbf(largest), 126) : 0;
  const float scale = ldexpf(1.0F, exponent);
  if (lane == 0) inverse_scale[row] = ldexpf(1.0F, -exponent);
  __half* large = parts + row * padded;
  __half* small = large + rows * padded;
  for (int i = 2 * lane; i < padded; i += 64) {
    const float2 value =
        make_float2(i < k ? from[i] * scale : 0.0F, i + 1 < k ? from[i + 1] * scale : 0.0F);
    const __half2 high = __float22half2_rn(value);
    const float2 back = __half22float2(high);
    *reinterpret_cast<__half2*>(large + i) = high;
    *reinterpret_cast<__half2*>(small + i) =
        __float22half2_rn(make_float2(value.x - back.x, value.y - back.y));
  }
}

struct SplitRows {
  const __half* parts;  // [2, rows, padded]: large, small
  const float* inverse_scale;
  std::int64_t rows;
};

__device__ void copy_16_bytes(unsigned to, const __half* from, bool real) {
  const int bytes = real ? 16 : 0;  // the rest is filled with zeros
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes));
}

/// What a thread copies of both parts of one factor: a chunk of every kRowsTogether-th row.
class Fetch {
 public:
  __device__ Fetch(const SplitRows& from, std::int64_t first, int padded)
      : row_(static_cast<int>(threadIdx.x) / kChunks),
        chunk_(static_cast<int>(threadIdx.x) % kChunks),
        rows_(static_cast<int>(min(from.rows - first, std::int64_t{kTile}))),
        padded_(padded),
        large_(from.parts + (first + row_) * padded + 8 * chunk_),
        small_(large_ + from.rows * padded) {}

  __device__ void operator()(__half* tile, int k) const {
    // The instructions read a tile whose chunks are turned by the row.
    const auto to = static_cast<unsigned>(
        __cvta_generic_to_shared(tile + row_ * kDepth + 8 * (chunk_ ^ row_ % kChunks)));
    const bool real_k = k + 8 * chunk_ < padded_;
#pragma unroll
    for (int i = 0; i < kTile / kRowsTogether; ++i) {
      const bool real = real_k && row_ + i * kRowsTogether < rows_;
      const std::int64_t at = real ? k + static_cast<std::int64_t>(i) * kRowsTogether * padded_ : 0;
      const unsigned place =
          to + i * kRowsTogether * kDepth * static_cast<unsigned>(sizeof(__half));
      copy_16_bytes(place, large_ + at, real);
      copy_16_bytes(place + kPlane * sizeof(__half), small_ + at, real);
    }
  }

 private:
  static constexpr int kRowsTogether = kThreads / kChunks;
  int row_, chunk_, rows_, padded_;
  const __half* large_;
  const __half* small_;
};

/// How an instruction finds a tile: its address, 1024 bytes from eight rows to the next eight,
/// chunks turned within 128 bytes.
__device__ std::uint64_t descriptor(const __half* tile) {
  const auto address = static_cast<std::uint64_t>(__cvta_generic_to_shared(tile));
  return (address & 0x3ffffU) >> 4U | std::uint64_t{1} << 16U |
         std::uint64_t{kAlignment >> 4} << 32U | std::uint64_t{1} << 62U;
}

#define VARPHASE_8(f, i) f(i), f(i + 1), f(i + 2), f(i + 3), f(i + 4), f(i + 5), f(i + 6), f(i + 7)
#define VARPHASE_SUM(i) "+f"(sums[i])

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
/// sums [64, 128] (+)= a [64, 16] b [128, 16]^T
__device__ void multiply(float (&sums)[kSums], std::uint64_t a, std::uint64_t b, bool add) {
  asm volatile(
      "{.reg .pred add;\n setp.ne.b32 add, %66, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 "
      "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,"
      "%25,%26,%27,%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,"
      "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}, %64, %65, add, 1, 1, 0, 0;"
      "}\n"
      : VARPHASE_8(VARPHASE_SUM, 0), VARPHASE_8(VARPHASE_SUM, 8), VARPHASE_8(VARPHASE_SUM, 16),
        VARPHASE_8(VARPHASE_SUM, 24), VARPHASE_8(VARPHASE_SUM, 32), VARPHASE_8(VARPHASE_SUM, 40),
        VARPHASE_8(VARPHASE_SUM, 48), VARPHASE_8(VARPHASE_SUM, 56)
      : "l"(a), "l"(b), "r"(static_cast<int>(add)));
}
#endif

// blockIdx.x: tile of b's rows, .y: of a's.
__global__ void __launch_bounds__(kThreads, 1)
    product_kernel(SplitRows a, SplitRows b, int padded, float* c) {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  extern __shared__ unsigned char shared[];
  __half* tiles = reinterpret_cast<__half*>(
      shared + (kAlignment - __cvta_generic_to_shared(shared) % kAlignment) % kAlignment);
  const std::int64_t row0 = static_cast<std::int64_t>(blockIdx.y) * kTile;
  const std::int64_t column0 = static_cast<std::int64_t>(blockIdx.x) * kTile;
  const int steps = (padded + kDepth - 1) / kDepth;
  const Fetch fetch_a(a, row0, padded), fetch_b(b, column0, padded);
  const auto fetch_step = [&](int step) {
    if (step < steps) {
      __half* stage = tiles + step % kStages * kStageHalves;
      fetch_a(stage, step * kDepth);
      fetch_b(stage + 2 * kPlane, step * kDepth);
    }
    asm volatile("cp.async.commit_group;");
  };
  for (int step = 0; step < kStages - 1; ++step) fetch_step(step);

  const int group = static_cast<int>(threadIdx.x) / 128;
  float sum[kSums] = {};
  for (int step = 0; step < steps; ++step) {
    asm volatile("cp.async.wait_group %0;" ::"n"(kStages - 2));
    asm volatile("fence.proxy.async;");  // what was copied is read by the matrix unit itself
    __syncthreads();
    fetch_step(step + kStages - 1);
    const __half* stage = tiles + step % kStages * kStageHalves;
    const std::uint64_t a_large = descriptor(stage + group * kGroupRows * kDepth);
    const std::uint64_t a_small = descriptor(stage + kPlane + group * kGroupRows * kDepth);
    const std::uint64_t b_large = descriptor(stage + 2 * kPlane);
    const std::uint64_t b_small = descriptor(stage + 3 * kPlane);
    // The tensor cores truncate as they add: few products enter one of their sums.
    float part[kSums];
    asm volatile("wgmma.fence.sync.aligned;");
#pragma unroll
    for (int i = 0; i < kDepth / 16; ++i) {
      const auto along = static_cast<std::uint64_t>(2 * i);  // 16 halves, in units of 16 bytes
      multiply(part, a_small + along, b_large + along, i > 0);
      multiply(part, a_large + along, b_small + along, true);
    }
#pragma unroll
    for (int i = 0; i < kDepth / 16; ++i) {
      const auto along = static_cast<std::uint64_t>(2 * i);
      multiply(part, a_large + along, b_large + along, true);
    }
    asm volatile("wgmma.commit_group.sync.aligned;");
    asm volatile("wgmma.wait_group.sync.aligned 0;");
#pragma unroll
    for (int i = 0; i < kSums; ++i) sum[i] += part[i];
  }
  asm volatile("cp.async.wait_all;");

  // Through shared memory, so that a warp writes whole rows.
  __syncthreads();
  float* result = reinterpret_cast<float*>(tiles);
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = 16 * warp + lane / 4 + 8 * half;
    const float undo = row0 + row < a.rows ? a.inverse_scale[row0 + row] : 0.0F;
#pragma unroll
    for (int j = 0; j < kTile / 8; ++j) {
      *reinterpret_cast<float2*>(result + row * kResultStride + 8 * j + lane % 4 * 2) =
          make_float2(sum[4 * j + 2 * half] * undo, sum[4 * j + 2 * half + 1] * undo);
    }
  }
  __syncthreads();
  for (int i = 0; i < kTile / 32; ++i) {
    const std::int64_t column = column0 + 32 * i + lane;
    if (column >= b.rows) break;
    const float undo = b.inverse_scale[column];
    for (int row = warp; row < kTile && row0 + row < a.rows; row += kThreads / 32)
      c[(row0 + row) * b.rows + column] = result[row * kResultStride + 32 * i + lane] * undo;
  }
#endif
}

SplitRows split_rows(const float* x, std::int64_t rows, std::int64_t k, std::int64_t padded,
                     void* workspace, cudaStream_t stream) {
  auto* parts = static_cast<__half*>(workspace);
  auto* inverse_scale = reinterpret_cast<float*>(parts + 2 * rows * padded);
  split_rows_kernel<<<blocks_for(rows, kThreads / 32), kThreads, 0, stream>>>(
      x, rows, static_cast<int>(k), static_cast<int>(padded), parts, inverse_scale);
  check_launch("float32_product: split");
  return {parts, inverse_scale, rows};
}

}  // namespace

void product_of_rows_sm90(const float* a, const float* b, std::int64_t m, std::int64_t n,
                          std::int64_t k, float* c, void* workspace, void* stream) {
  if (m == 0 || n == 0) return;
  const std::int64_t padded = (k + 7) / 8 * 8;
  const SplitRows split_a = split_rows(a, m, k, padded, workspace, as_stream(stream));
  const SplitRows split_b =
      split_rows(b, n, k, padded, static_cast<unsigned char*>(workspace) + split_rows_bytes(m, k),
                 as_stream(stream));
  constexpr int shared = kStages * kStageHalves * static_cast<int>(sizeof(__half)) + kAlignment;
  check(cudaFuncSetAttribute(product_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared),
        "float32_product: shared memory");
  const dim3 grid(blocks_for(n, kTile), blocks_for(m, kTile));
  product_kernel<<<grid, kThreads, shared, as_stream(stream)>>>(split_a, split_b,
                                                                static_cast<int>(padded), c);
  check_launch("float32_product");
}

}  // namespace varphase::cuda

#endif
