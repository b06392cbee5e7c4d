// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/pooled_pull.hpp"

#include "src/kernels/support/factor_tile.cuh"
#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kThreads = 256;  // of the kernel that sorts

// One block an image: its winners by position, those of one position in their order, so that sums
// have the same bits run after run.
template <class T>
__global__ void sort_winners_kernel(PooledPull<T> job) {
  __shared__ int window[1024];
  const int n = static_cast<int>(blockIdx.x), units = static_cast<int>(job.cells * job.outputs),
            positions = static_cast<int>(job.conv.out_height * job.conv.out_width),
            thread = static_cast<int>(threadIdx.x);
  const int* position = job.position + static_cast<std::int64_t>(n) * units;
  int2* winners = reinterpret_cast<int2*>(job.winners) + static_cast<std::int64_t>(n) * units;
  int* starts = job.starts + static_cast<std::int64_t>(n) * (positions + 1);
  const auto pass = [&](bool place) {
    for (int p0 = 0; p0 < positions; p0 += kThreads) {
      const int p = p0 + thread;
      int next = place && p < positions ? starts[p] : 0;
      for (int u0 = 0; u0 < units; u0 += 1024) {
        __syncthreads();
        for (int i = thread; i < 1024; i += kThreads)
          window[i] = u0 + i < units ? position[u0 + i] : -1;
        __syncthreads();
        const int here = min(1024, units - u0);
        for (int i = 0; i < here; ++i) {
          if (window[i] != p) continue;
          if (place) winners[next] = make_int2(u0 + i, p);
          ++next;
        }
      }
      if (!place && p < positions) starts[p + 1] = next;
    }
  };
  pass(false);
  __syncthreads();
  if (thread == 0) {
    int sum = 0;
    starts[0] = 0;
    for (int p = 0; p < positions; ++p) starts[p + 1] = sum += starts[p + 1];
  }
  __syncthreads();
  pass(true);
}

/// Writes the block's product: factors from f0 on, for the channels of blockIdx.y at the unit of blockIdx.x.
template <class T, int Columns>
__device__ __forceinline__ void store_product(const PooledPull<T>& job, int n, int f0, int factors,
                                              int channels, const T (&product)[8][8]) {
  using Tile = FactorTile<T, Columns>;
  T* out =
      job.out + ((static_cast<std::int64_t>(n) * job.conv.height * job.conv.width + blockIdx.x) *
                 channels * factors);
#pragma unroll
  for (int j = 0; j < 8; ++j) {
    const int channel = static_cast<int>(blockIdx.y) * Columns + Tile::column(j);
    if (channel >= channels) continue;
#pragma unroll
    for (int i = 0; i < 8; i += 4) {
      const int f = f0 + Tile::factor(i);
      Tile::store(out + static_cast<std::int64_t>(channel) * factors + f, product, i, j,
                  factors - f);
    }
  }
}

// blockIdx.x: unit (y, x) of the input; .y: its channels; .z: image and factors.
template <class T, int Columns>
__global__ void __launch_bounds__(Columns) pooled_pull_kernel(PooledPull<T> job, int factor_tiles) {
  using Tile = FactorTile<T, Columns>;
  constexpr int kList = 256;
  __shared__ typename Tile::Stage stages[2];
  __shared__ int2 list[kList];  // where vector and weights begin
  __shared__ T multiplier[kList];
  const int thread = static_cast<int>(threadIdx.x), factors = static_cast<int>(job.factors),
            channels = static_cast<int>(job.conv.channels), outputs = static_cast<int>(job.outputs),
            units = static_cast<int>(job.cells) * outputs, k = static_cast<int>(job.conv.kernel),
            stride = static_cast<int>(job.conv.stride),
            out_width = static_cast<int>(job.conv.out_width),
            out_height = static_cast<int>(job.conv.out_height), positions = out_height * out_width;
  const int n = static_cast<int>(blockIdx.z) / factor_tiles,
            f0 = static_cast<int>(blockIdx.z) % factor_tiles * Tile::kFactors;
  const int unit = static_cast<int>(blockIdx.x), across = static_cast<int>(job.conv.width),
            padding = static_cast<int>(job.conv.padding);
  const int y = unit / across + padding, x = unit % across + padding;
  // Positions whose patch covers (y, x): rows of them lie together among the sorted winners.
  const int top = max(0, (y - k + stride) / stride), bottom = min(out_height - 1, y / stride),
            first = max(0, (x - k + stride) / stride), last = min(out_width - 1, x / stride);
  const int* starts = job.starts + static_cast<std::int64_t>(n) * (positions + 1);
  const int2* winners =
      reinterpret_cast<const int2*>(job.winners) + static_cast<std::int64_t>(n) * units;
  const T* v = job.v + static_cast<std::int64_t>(n) * units * factors;
  const T* multipliers = job.multiplier + static_cast<std::int64_t>(n) * units;
  const int c = static_cast<int>(blockIdx.y) * Columns + thread;

  T left[Tile::kOwn], right[Tile::kDepth], product[8][8] = {};
  int count = 0;  // of the list
  const auto fetch = [&](int from) {
#pragma unroll
    for (int i = 0; i < Tile::kOwn; ++i) {
      const int e = thread + i * Tile::kThreads, row = from + e / Tile::kFactors,
                f = e % Tile::kFactors;
      left[i] = T(0);
      if (e < Tile::kDepth * Tile::kFactors && row < count && f0 + f < factors)
        left[i] = v[list[row].x + f];
    }
#pragma unroll
    for (int i = 0; i < Tile::kDepth; ++i) {
      const int row = from + i;
      right[i] = c < channels && row < count ? job.weight[list[row].y + c] * multiplier[row] : T(0);
    }
  };
  int row = top, taken = 0;  // of the rows of positions, and of the present one
  while (row <= bottom) {
    count = 0;
    while (row <= bottom && count < kList) {
      const int begin = starts[row * out_width + first] + taken,
                end = starts[row * out_width + last + 1], some = min(end - begin, kList - count);
      for (int i = thread; i < some; i += Columns) {
        const int2 winner = winners[begin + i];
        const int dy = y - winner.y / out_width * stride, dx = x - winner.y % out_width * stride;
        list[count + i] =
            make_int2(winner.x * factors + f0, ((winner.x % outputs * k + dy) * k + dx) * channels);
        multiplier[count + i] = multipliers[winner.x];
      }
      count += some;
      taken += some;
      if (begin + some == end) {
        ++row;
        taken = 0;
      }
    }
    __syncthreads();
    if (count > 0) {
      fetch(0);
      Tile::keep(stages[0], left, right);
    }
    __syncthreads();
    for (int from = 0, stage = 0; from < count; from += Tile::kDepth, stage ^= 1) {
      const bool more = from + Tile::kDepth < count;
      if (more) fetch(from + Tile::kDepth);
      Tile::multiply(stages[stage], product);
      if (more) Tile::keep(stages[stage ^ 1], left, right);
      __syncthreads();
    }
  }

  store_product<T, Columns>(job, n, f0, factors, channels, product);
}

template <class T, int Columns>
void launch(const PooledPull<T>& job, cudaStream_t stream) {
  const int factor_tiles = static_cast<int>(blocks_for(job.factors, 64));
  const dim3 grid(static_cast<unsigned>(job.conv.height * job.conv.width),
                  blocks_for(job.conv.channels, Columns),
                  static_cast<unsigned>(job.images * factor_tiles));
  pooled_pull_kernel<T, Columns><<<grid, Columns, 0, stream>>>(job, factor_tiles);
  check_launch("pooled_pull");
}

}  // namespace

template <class T>
void sort_winners(const PooledPull<T>& job, void* stream) {
  sort_winners_kernel<<<static_cast<unsigned>(job.images), kThreads, 0, as_stream(stream)>>>(job);
  check_launch("sort_winners");
}

template <class T>
void pooled_pull(const PooledPull<T>& job, void* stream) {
  const cudaStream_t on = as_stream(stream);
  if (job.conv.channels <= 32) {
    launch<T, 32>(job, on);
  } else if (job.conv.channels % 96 == 0) {
    launch<T, 96>(job, on);
  } else {
    launch<T, 64>(job, on);
  }
}

template void sort_winners<float>(const PooledPull<float>&, void*);
template void sort_winners<double>(const PooledPull<double>&, void*);
template void pooled_pull<float>(const PooledPull<float>&, void*);
template void pooled_pull<double>(const PooledPull<double>&, void*);

}  // namespace varphase::cuda
