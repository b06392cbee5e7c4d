// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/sparse_moments.hpp"

#include <algorithm>

#include "src/kernels/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kWarp = 32;
constexpr int kGroup = 32;              // units between two writes of a block
constexpr int kTileThreads = 512;       // of a block that holds a tile
constexpr int kRowThreads = 256;        // of a block without one
constexpr std::int64_t kFewRows = 128;  // under it tiles leave most of a GPU idle

__device__ float sum_over_warp(float value) {
#pragma unroll
  for (int offset = kWarp / 2; offset > 0; offset /= 2)
    value += __shfl_xor_sync(0xffffffffU, value, offset);
  return value;
}

// Few images, or rows too long for shared memory: a warp an output, its lanes share the weights.
template <bool Mean, bool Variance>
__global__ void __launch_bounds__(kRowThreads) output_kernel(SparseMoments job) {
  const std::int64_t id =
      (static_cast<std::int64_t>(blockIdx.x) * kRowThreads + threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  if (id >= job.rows * job.outputs) return;
  const std::int64_t n = id / job.outputs, j = id % job.outputs;
  const float* x = job.x + n * job.inputs;
  float m = 0, v = 0;
  for (std::int32_t e = job.indptr[j] + lane; e < job.indptr[j + 1]; e += kWarp) {
    const float a = x[job.indices[e]];
    if constexpr (Mean) m = fmaf(job.mean[e], a, m);
    if constexpr (Variance) v = fmaf(job.variance[e], a * a, v);
  }
  if constexpr (Mean) m = sum_over_warp(m);
  if constexpr (Variance) v = sum_over_warp(v);
  if (lane != 0) return;
  if constexpr (Mean) job.m[id] = m + (job.bias != nullptr ? job.bias[j] : 0.0F);
  if constexpr (Variance) job.v[id] = v;
}

/// Floats of a tile of images and of what its units wait to be written in. Rows are one longer than
/// a multiple of the banks, so that neither way of reading them meets a bank twice.
constexpr std::int64_t tile_stride(int vectors) { return vectors * kWarp + 1; }
std::int64_t tile_bytes(const SparseMoments& job, int vectors, int outputs) {
  return 4 * tile_stride(vectors) * (job.inputs + outputs * kGroup);
}

// Many images: they are the lanes. A block holds a tile of them, transposed; its warps take units,
// so that a weight is read once for the whole warp.
template <bool Mean, bool Variance, int Vectors>
__global__ void __launch_bounds__(kTileThreads) tile_kernel(SparseMoments job, int units_a_block) {
  extern __shared__ float shared[];
  constexpr int stride = Vectors * kWarp + 1;
  constexpr int tile = Vectors * kWarp;
  const int inputs = static_cast<int>(job.inputs);
  float* x = shared;                                          // [I, stride]
  float* staged_m = x + inputs * stride;                      // [kGroup, stride]
  float* staged_v = staged_m + (Mean ? kGroup * stride : 0);  // [kGroup, stride]
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int warps = kTileThreads / kWarp;
  const std::int64_t n0 = static_cast<std::int64_t>(blockIdx.x) * tile;
  const int images = static_cast<int>(min(static_cast<std::int64_t>(tile), job.rows - n0));
  for (int n = warp; n < tile; n += warps) {
    const float* row = job.x + (n0 + n) * job.inputs;
    for (int i = lane; i < inputs; i += kWarp) x[i * stride + n] = n < images ? row[i] : 0.0F;
  }
  __syncthreads();
  const int first = static_cast<int>(blockIdx.y) * units_a_block;
  const int last = min(first + units_a_block, static_cast<int>(job.outputs));
  for (int j0 = first; j0 < last; j0 += kGroup) {
    for (int r = warp; r < kGroup && j0 + r < last; r += warps) {
      const int j = j0 + r;
      const float start = Mean && job.bias != nullptr ? __ldg(job.bias + j) : 0.0F;
      float m[Vectors], v[Vectors];
#pragma unroll
      for (int p = 0; p < Vectors; ++p) {
        m[p] = start;
        v[p] = 0;
      }
      const int end = __ldg(job.indptr + j + 1);
#pragma unroll 4
      for (int e = __ldg(job.indptr + j); e < end; ++e) {
        const float* column = x + __ldg(job.indices + e) * stride + lane;
        const float mean = Mean ? __ldg(job.mean + e) : 0.0F;
        const float variance = Variance ? __ldg(job.variance + e) : 0.0F;
#pragma unroll
        for (int p = 0; p < Vectors; ++p) {
          const float a = column[p * kWarp];
          if constexpr (Mean) m[p] = fmaf(mean, a, m[p]);
          if constexpr (Variance) v[p] = fmaf(variance, a * a, v[p]);
        }
      }
#pragma unroll
      for (int p = 0; p < Vectors; ++p) {
        if constexpr (Mean) staged_m[r * stride + p * kWarp + lane] = m[p];
        if constexpr (Variance) staged_v[r * stride + p * kWarp + lane] = v[p];
      }
    }
    __syncthreads();
    for (int k = static_cast<int>(threadIdx.x); k < images * kGroup; k += kTileThreads) {
      const int n = k / kGroup, r = k % kGroup;
      if (j0 + r >= last) continue;
      const std::int64_t at = (n0 + n) * job.outputs + j0 + r;
      if constexpr (Mean) job.m[at] = staged_m[r * stride + n];
      if constexpr (Variance) job.v[at] = staged_v[r * stride + n];
    }
    __syncthreads();
  }
}

template <bool Mean, bool Variance, int Vectors>
void launch_tiles(const SparseMoments& job, std::int64_t bytes, cudaStream_t stream) {
  const auto kernel = tile_kernel<Mean, Variance, Vectors>;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(bytes)),
        "sparse_moments: shared memory");
  const std::int64_t tiles = (job.rows + Vectors * kWarp - 1) / (Vectors * kWarp);
  // Where tiles alone do not fill the GPU, several blocks share one's units.
  const std::int64_t processors = device_attribute(cudaDevAttrMultiProcessorCount);
  const std::int64_t groups = (job.outputs + kGroup - 1) / kGroup;
  const std::int64_t shares = std::clamp<std::int64_t>(processors / tiles, 1, groups);
  const std::int64_t units = (groups + shares - 1) / shares * kGroup;
  const dim3 grid(static_cast<unsigned>(tiles),
                  static_cast<unsigned>((job.outputs + units - 1) / units));
  kernel<<<grid, kTileThreads, static_cast<std::size_t>(bytes), stream>>>(job,
                                                                          static_cast<int>(units));
}

template <bool Mean, bool Variance>
void launch(const SparseMoments& job, cudaStream_t stream) {
  const int outputs = (Mean ? 1 : 0) + (Variance ? 1 : 0);
  const std::int64_t there = shared_memory();
  if (job.rows >= kFewRows && tile_bytes(job, 2, outputs) <= there) {
    launch_tiles<Mean, Variance, 2>(job, tile_bytes(job, 2, outputs), stream);
  } else if (job.rows >= kFewRows && tile_bytes(job, 1, outputs) <= there) {
    launch_tiles<Mean, Variance, 1>(job, tile_bytes(job, 1, outputs), stream);
  } else {
    output_kernel<Mean, Variance>
        <<<blocks_for(job.rows * job.outputs * kWarp, kRowThreads), kRowThreads, 0, stream>>>(job);
  }
  check_launch("sparse_moments");
}

}  // namespace

void sparse_moments(const SparseMoments& job, void* stream) {
  if (job.rows == 0 || job.outputs == 0) return;
  if (job.m != nullptr && job.v != nullptr) {
    launch<true, true>(job, as_stream(stream));
  } else if (job.m != nullptr) {
    launch<true, false>(job, as_stream(stream));
  } else {
    launch<false, true>(job, as_stream(stream));
  }
}

}  // namespace varphase::cuda
