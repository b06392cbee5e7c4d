// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/products/sparse_moments.hpp"

#include <algorithm>

#include "src/kernels/support/launch.cuh"
#include "src/kernels/support/weight_stretch.hpp"

namespace varphase::cuda {
namespace {

constexpr int kWarp = 32;
constexpr int kGroup = 32;         // units between two writes of a block
constexpr int kTileThreads = 512;  // of a block that holds a tile
constexpr int kRowThreads = 256;   // of a block without one
constexpr int kColumnGroups = 2;   // of units to a block that reads turned-over inputs
// Under so many images tiles leave most of a GPU idle; those that hold nothing are smaller.
constexpr std::int64_t kFewHeld = 128, kFewColumns = 32;

__device__ float sum_over_warp(float value) {
#pragma unroll
  for (int offset = kWarp / 2; offset > 0; offset /= 2)
    value += __shfl_xor_sync(0xffffffffU, value, offset);
  return value;
}

__device__ std::int64_t units_of(const SparseMoments& job) {
  return job.geometry.out_height * job.geometry.out_width * job.outputs;
}
__device__ std::int64_t inputs_of(const SparseMoments& job) {
  return job.geometry.height * job.geometry.width * job.geometry.channels;
}

// Few images: a warp an output, its lanes share the weights.
template <bool Mean, bool Variance>
__global__ void __launch_bounds__(kRowThreads) output_kernel(SparseMoments job) {
  const std::int64_t id =
      (static_cast<std::int64_t>(blockIdx.x) * kRowThreads + threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t units = units_of(job);
  if (id >= job.rows * units) return;
  const std::int64_t n = id / units, u = id % units, j = u % job.outputs;
  const float* x = job.x + n * inputs_of(job);
  const KernelWindow window(job.geometry, static_cast<std::int32_t>(u / job.outputs));
  float m = 0, v = 0;
  for (std::int32_t row = window.top; row < window.bottom; ++row) {
    const WeightStretch stretch = weight_stretch(job, window, j, row);
    for (std::int32_t e = stretch.begin + lane; e < stretch.end; e += kWarp) {
      const float a = x[stretch.shift + job.indices[e]];
      if constexpr (Mean) m = fmaf(job.mean[e], a, m);
      if constexpr (Variance) v = fmaf(job.variance[e], a * a, v);
    }
  }
  if constexpr (Mean) m = sum_over_warp(m);
  if constexpr (Variance) v = sum_over_warp(v);
  if (lane != 0) return;
  if constexpr (Mean) job.m[id] = m + (job.bias != nullptr ? job.bias[j] : 0.0F);
  if constexpr (Variance) job.v[id] = v;
}

/// Rows of a tile of images, and of what its units wait to be written in, are one longer than a
/// multiple of the banks, so that neither way of reading them meets a bank twice.
constexpr std::int64_t tile_stride(int vectors) { return vectors * kWarp + 1; }
std::int64_t staged_bytes(int vectors, int moments) {
  return 4 * tile_stride(vectors) * moments * kGroup;
}
std::int64_t tile_bytes(const SparseMoments& job, int vectors, int moments) {
  return 4 * tile_stride(vectors) * job.geometry.height * job.geometry.width *
             job.geometry.channels +
         staged_bytes(vectors, moments);
}

/// Writes the moments of the units u0 .. u0 + kGroup - 1 (those before `last`) of images n0 .. n0 + images - 1.
/// @param staged_m, staged_v  [kGroup, stride] in shared memory
template <bool Mean, bool Variance, int stride>
__device__ __forceinline__ void write_staged(const SparseMoments& job, std::int64_t n0, int images,
                                             int u0, int last, int all_units, const float* staged_m,
                                             const float* staged_v) {
  for (int k = static_cast<int>(threadIdx.x); k < images * kGroup; k += kTileThreads) {
    const int n = k / kGroup, r = k % kGroup;
    if (u0 + r >= last) continue;
    const std::int64_t at = (n0 + n) * all_units + u0 + r;
    if constexpr (Mean) job.m[at] = staged_m[r * stride + n];
    if constexpr (Variance) job.v[at] = staged_v[r * stride + n];
  }
}

// Many images: they are the lanes. Warps take units, so that a weight is read once for the whole
// warp. A block holds its tile of images, turned over; or reads them from `columns`. The blocks a
// processor are named because nvcc otherwise keeps to 32 registers and loads entry after entry: a
// third slower.
template <bool Mean, bool Variance, bool Convolves, int Vectors, bool Held>
__global__ void __launch_bounds__(kTileThreads, Held ? 1 : 2)
    tile_kernel(SparseMoments job, int units_a_block, int shares) {
  extern __shared__ float shared[];
  constexpr int stride = Vectors * kWarp + 1;
  constexpr int tile = Vectors * kWarp;
  const int inputs = static_cast<int>(inputs_of(job));
  const int all_units = static_cast<int>(units_of(job));
  const int outputs = static_cast<int>(job.outputs);
  float* x = shared;                                          // [inputs, stride], where held
  float* staged_m = x + (Held ? inputs * stride : 0);         // [kGroup, stride]
  float* staged_v = staged_m + (Mean ? kGroup * stride : 0);  // [kGroup, stride]
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int warps = kTileThreads / kWarp;
  const std::int64_t n0 = static_cast<std::int64_t>(blockIdx.x / shares) * tile;
  const int images = static_cast<int>(min(static_cast<std::int64_t>(tile), job.rows - n0));
  const float* const columns = Held ? x : job.columns + n0;
  const std::int64_t step = Held ? stride : job.rows;
  int image[Vectors];  // beyond the last that one once more, whose moments go nowhere
#pragma unroll
  for (int p = 0; p < Vectors; ++p)
    image[p] = Held ? p * kWarp + lane : min(p * kWarp + lane, images - 1);
  if constexpr (Held) {
    for (int n = warp; n < tile; n += warps) {
      const float* row = job.x + (n0 + n) * inputs;
      for (int i = lane; i < inputs; i += kWarp) x[i * stride + n] = n < images ? row[i] : 0.0F;
    }
    __syncthreads();
  }
  const int first = static_cast<int>(blockIdx.x % shares) * units_a_block;
  const int last = min(first + units_a_block, all_units);
  for (int u0 = first; u0 < last; u0 += kGroup) {
    for (int r = warp; r < kGroup && u0 + r < last; r += warps) {
      const int place = Convolves ? (u0 + r) / outputs : 0, j = u0 + r - place * outputs;
      const float start = Mean && job.bias != nullptr ? __ldg(job.bias + j) : 0.0F;
      float m[Vectors], v[Vectors];
#pragma unroll
      for (int p = 0; p < Vectors; ++p) {
        m[p] = start;
        v[p] = 0;
      }
      const auto add = [&](int begin, int end, std::int64_t shift) {
        const float* const inside = columns + shift * step;
#pragma unroll 8
        for (int e = begin; e < end; ++e) {
          const int i = __ldg(job.indices + e);
          const float* const column = inside + (Held ? i * stride : i * step);
          const float mean = Mean ? __ldg(job.mean + e) : 0.0F;
          const float variance = Variance ? __ldg(job.variance + e) : 0.0F;
#pragma unroll
          for (int p = 0; p < Vectors; ++p) {
            const float a = column[image[p]];
            if constexpr (Mean) m[p] = fmaf(mean, a, m[p]);
            if constexpr (Variance) v[p] = fmaf(variance, a * a, v[p]);
          }
        }
      };
      if constexpr (Convolves) {
        const KernelWindow window(job.geometry, place);
        for (int row = window.top; row < window.bottom; ++row) {
          const WeightStretch stretch = weight_stretch(job, window, j, row);
          add(stretch.begin, stretch.end, stretch.shift);
        }
      } else {
        add(__ldg(job.indptr + j), __ldg(job.indptr + j + 1), 0);
      }
#pragma unroll
      for (int p = 0; p < Vectors; ++p) {
        if constexpr (Mean) staged_m[r * stride + p * kWarp + lane] = m[p];
        if constexpr (Variance) staged_v[r * stride + p * kWarp + lane] = v[p];
      }
    }
    __syncthreads();
    write_staged<Mean, Variance, stride>(job, n0, images, u0, last, all_units, staged_m, staged_v);
    __syncthreads();
  }
}

template <bool Mean, bool Variance, bool Convolves, int Vectors, bool Held>
void launch_tiles(const SparseMoments& job, std::int64_t bytes, cudaStream_t stream) {
  const auto kernel = tile_kernel<Mean, Variance, Convolves, Vectors, Held>;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(bytes)),
        "sparse_moments: shared memory");
  const std::int64_t tiles = (job.rows + Vectors * kWarp - 1) / (Vectors * kWarp);
  const std::int64_t all_units = job.geometry.out_height * job.geometry.out_width * job.outputs;
  const std::int64_t groups = (all_units + kGroup - 1) / kGroup;
  // Where tiles alone do not fill the GPU, several blocks share one's units; a block that holds no
  // tile has nothing to save by taking many.
  const std::int64_t processors = device_attribute(cudaDevAttrMultiProcessorCount);
  const std::int64_t wanted = Held ? processors / tiles : groups / kColumnGroups;
  const std::int64_t shared_by = std::clamp<std::int64_t>(wanted, 1, groups);
  const std::int64_t units = (groups + shared_by - 1) / shared_by * kGroup;
  const std::int64_t shares = (all_units + units - 1) / units;
  kernel<<<static_cast<unsigned>(tiles * shares), kTileThreads, static_cast<std::size_t>(bytes),
           stream>>>(job, static_cast<int>(units), static_cast<int>(shares));
}

/// How a job is computed: 2 or 1 vectors of images held by a block, 0: from columns.
int vectors_held(const SparseMoments& job) {
  const int moments = (job.m != nullptr ? 1 : 0) + (job.v != nullptr ? 1 : 0);
  const std::int64_t there = shared_memory();
  if (tile_bytes(job, 2, moments) <= there) return 2;
  return tile_bytes(job, 1, moments) <= there ? 1 : 0;
}

bool is_small(const SparseMoments& job) {
  return job.rows < (vectors_held(job) > 0 ? kFewHeld : kFewColumns);
}

template <bool Mean, bool Variance, bool Convolves>
void launch(const SparseMoments& job, cudaStream_t stream) {
  const int moments = (Mean ? 1 : 0) + (Variance ? 1 : 0);
  if (is_small(job)) {
    const std::int64_t threads =
        job.rows * job.geometry.out_height * job.geometry.out_width * job.outputs * kWarp;
    output_kernel<Mean, Variance>
        <<<blocks_for(threads, kRowThreads), kRowThreads, 0, stream>>>(job);
    return;
  }
  switch (vectors_held(job)) {
    case 2:
      return launch_tiles<Mean, Variance, Convolves, 2, true>(job, tile_bytes(job, 2, moments),
                                                              stream);
    case 1:
      return launch_tiles<Mean, Variance, Convolves, 1, true>(job, tile_bytes(job, 1, moments),
                                                              stream);
    default:
      return launch_tiles<Mean, Variance, Convolves, 2, false>(job, staged_bytes(2, moments),
                                                               stream);
  }
}

}  // namespace

bool sparse_moments_wants_columns(const SparseMoments& job) {
  return vectors_held(job) == 0 && !is_small(job);
}

void sparse_moments(const SparseMoments& job, void* stream) {
  const bool dense = job.geometry.height * job.geometry.width * job.geometry.kernel == 1;
  const bool both = job.m != nullptr && job.v != nullptr;
  const auto launch_any = both ? dense ? launch<true, true, false> : launch<true, true, true>
                          : job.m != nullptr
                              ? dense ? launch<true, false, false> : launch<true, false, true>
                          : dense ? launch<false, true, false>
                                  : launch<false, true, true>;
  launch_any(job, as_stream(stream));
  check_launch("sparse_moments");
}

}  // namespace varphase::cuda
