// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/pooled_pairs.hpp"

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

// A row is one longer than its factors: tiles beside each other then begin four banks apart.
constexpr int kPairThreads = 128, kFactors = 32, kStride = kFactors + 1;

// Several images and outputs a block, each with the threads that its tiles of 4 x 4 pairs take.
template <class T>
__global__ void __launch_bounds__(kPairThreads)
    add_pairs_kernel(PooledPairs<T> job, int tiles, int items) {
  extern __shared__ double shared[];
  T* rows = reinterpret_cast<T*>(shared);  // [items, 4 tiles, kStride]
  const int cells = static_cast<int>(job.cells), factors = static_cast<int>(job.factors),
            outputs = static_cast<int>(job.outputs), per_item = tiles * (tiles + 1) / 2,
            thread = static_cast<int>(threadIdx.x), item = thread / per_item;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * items,
                     all = job.images * outputs;
  int tile_p = 0, tile_q = thread % per_item;
  while (tile_q >= tiles - tile_p) tile_q -= tiles - tile_p++;
  tile_q += tile_p;
  const bool works = item < items && first + item < all;

  T sum[4][4] = {};
  for (int f0 = 0; f0 < factors; f0 += kFactors) {
    __syncthreads();
    for (int e = thread; e < items * 4 * tiles * kFactors; e += kPairThreads) {
      const int row = e / kFactors, f = e % kFactors, cell = row % (4 * tiles);
      const std::int64_t at = first + row / (4 * tiles);
      const bool real = at < all && cell < cells && f0 + f < factors;
      rows[row * kStride + f] =
          real ? job.v[((at / outputs * cells + cell) * outputs + at % outputs) * factors + f0 + f]
               : T(0);
    }
    __syncthreads();
    if (!works) continue;
    const T* of_p = rows + (item * 4 * tiles + 4 * tile_p) * kStride;
    const T* of_q = rows + (item * 4 * tiles + 4 * tile_q) * kStride;
    const T* sign =
        job.sign != nullptr ? job.sign + (first + item) / outputs * factors + f0 : nullptr;
    const int some = min(kFactors, factors - f0);
    for (int f = 0; f < some; ++f) {
      T p[4], q[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        p[i] = of_p[i * kStride + f];
        q[i] = of_q[i * kStride + f];
      }
      if (sign != nullptr) {
        const T by = sign[f];
#pragma unroll
        for (int i = 0; i < 4; ++i) p[i] *= by;
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) sum[i][j] += p[i] * q[j];
      }
    }
  }
  if (!works) return;
  T* to = job.pairs + (first + item) * cells * cells;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int p = 4 * tile_p + i, q = 4 * tile_q + j;
      if (p < cells && q < cells) to[p * cells + q] += sum[i][j];
    }
  }
}

constexpr int kReadThreads = 128;

// A thread has one weight, whose patch entries stay in its registers. blockIdx.x: weights; .y:
// output; .z: share of the images.
template <class T, int Cells>
__global__ void __launch_bounds__(kReadThreads)
    read_pairs_kernel(PooledPairs<T> job, std::int64_t share) {
  __shared__ alignas(16) T pairs[Cells][Cells];
  __shared__ T multiplier[Cells];
  __shared__ int corner[Cells];
  const int cells = static_cast<int>(job.cells), outputs = static_cast<int>(job.outputs),
            area = static_cast<int>(job.kernel * job.kernel), k = static_cast<int>(job.kernel),
            width = static_cast<int>(job.width), plane = static_cast<int>(job.height) * width,
            weights = static_cast<int>(job.channels) * area, thread = static_cast<int>(threadIdx.x),
            o = static_cast<int>(blockIdx.y);
  const int w = static_cast<int>(blockIdx.x) * kReadThreads + thread;
  const bool real = w < weights;
  const int place = real ? place_in_patch(w, k, width, plane) : 0;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.z) * share,
                     end = min(begin + share, job.images);
  T sum = 0;
  for (std::int64_t n = begin; n < end; ++n) {
    __syncthreads();
    const T* from = job.pairs + (n * outputs + o) * cells * cells;
    for (int e = thread; e < Cells * Cells; e += kReadThreads) {
      const int p = e / Cells, q = e % Cells;
      T pair = 0;
      if (p <= q && q < cells) pair = from[p * cells + q] * (p == q ? T(1) : T(2));
      pairs[p][q] = pair;
    }
    for (int p = thread; p < Cells; p += kReadThreads) {
      const std::int64_t at = (n * cells + p) * outputs + o;
      corner[p] = p < cells ? job.corner[at] : -1;
      multiplier[p] = p < cells ? job.multiplier[at] : T(0);
    }
    __syncthreads();
    const T* input = job.input + n * job.channels * plane + place;
    T x[Cells];
#pragma unroll
    for (int p = 0; p < Cells; ++p)
      x[p] = real && corner[p] >= 0 ? input[corner[p]] * multiplier[p] : T(0);
#pragma unroll
    for (int p = 0; p < Cells; ++p) {
      T met = 0;
#pragma unroll
      for (int q = p / 4 * 4; q < Cells; ++q) met += pairs[p][q] * x[q];
      sum += x[p] * met;
    }
  }
  if (real) job.parts[(static_cast<std::int64_t>(blockIdx.z) * outputs + o) * weights + w] = sum;
}

template <class T, int Cells>
void launch_read(const PooledPairs<T>& job, std::int64_t parts, cudaStream_t stream) {
  const dim3 grid(blocks_for(job.channels * job.kernel * job.kernel, kReadThreads),
                  static_cast<unsigned>(job.outputs), static_cast<unsigned>(parts));
  read_pairs_kernel<T, Cells>
      <<<grid, kReadThreads, 0, stream>>>(job, (job.images + parts - 1) / parts);
  check_launch("read_pooled_pairs");
}

}  // namespace

template <class T>
void add_pooled_pairs(const PooledPairs<T>& job, void* stream) {
  const int tiles = static_cast<int>((job.cells + 3) / 4), per_item = tiles * (tiles + 1) / 2,
            items = kPairThreads / per_item;
  const auto shared = static_cast<std::size_t>(items * 4 * tiles * kStride) * sizeof(T);
  const auto kernel = add_pairs_kernel<T>;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(shared)),
        "add_pooled_pairs: shared memory");
  kernel<<<blocks_for(job.images * job.outputs, items), kPairThreads, shared, as_stream(stream)>>>(
      job, tiles, items);
  check_launch("add_pooled_pairs");
}

template <class T>
void read_pooled_pairs(const PooledPairs<T>& job, std::int64_t parts, void* stream) {
  const cudaStream_t on = as_stream(stream);
  if (job.cells <= 12) {
    launch_read<T, 12>(job, parts, on);
  } else if (job.cells <= 20) {
    launch_read<T, 20>(job, parts, on);
  } else {
    launch_read<T, 40>(job, parts, on);
  }
}

template void add_pooled_pairs<float>(const PooledPairs<float>&, void*);
template void add_pooled_pairs<double>(const PooledPairs<double>&, void*);
template void read_pooled_pairs<float>(const PooledPairs<float>&, std::int64_t, void*);
template void read_pooled_pairs<double>(const PooledPairs<double>&, std::int64_t, void*);

}  // namespace varphase::cuda
