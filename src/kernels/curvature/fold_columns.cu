// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/fold_columns.hpp"

#include <algorithm>

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kSharedBytes = 40 << 10;

// A block folds some channels of one row: their columns come to shared memory once, in order.
template <class T>
__global__ void fold_columns_kernel(FoldColumns<T> job, int together, bool staged) {
  extern __shared__ double2 shared[];
  T* tile = reinterpret_cast<T*>(shared);
  const std::int64_t r = blockIdx.x;
  const int k = static_cast<int>(job.conv.kernel), cells = k * k,
            channels = static_cast<int>(job.conv.channels), first = blockIdx.y * together,
            some = min(together, channels - first),
            out_height = static_cast<int>(job.conv.out_height),
            out_width = static_cast<int>(job.conv.out_width), positions = out_height * out_width,
            height = static_cast<int>(job.conv.height), width = static_cast<int>(job.conv.width),
            plane = height * width, run = some * cells;
  const T* columns = job.columns + (r * positions) * channels * cells + first * cells;
  // One more than a run, so that neighbouring positions fall into different banks.
  const int stride = run | 1;
  if (staged) {
    for (int i = threadIdx.x; i < positions * run; i += kThreads)
      tile[i / run * stride + i % run] =
          columns[static_cast<std::int64_t>(i / run) * channels * cells + i % run];
    __syncthreads();
  }
  T* out = job.out + (r * channels + first) * plane;
  const int step = static_cast<int>(job.conv.stride), padding = static_cast<int>(job.conv.padding);
  for (int i = threadIdx.x; i < some * plane; i += kThreads) {
    const int c = i / plane, y = i % plane / width + padding, x = i % width + padding;
    T sum = 0;
    for (int u = 0; u < k; ++u) {
      const int p = (y - u) / step;
      if (y < u || (y - u) % step != 0 || p >= out_height) continue;
      for (int v = 0; v < k; ++v) {
        const int q = (x - v) / step;
        if (x < v || (x - v) % step != 0 || q >= out_width) continue;
        const int position = p * out_width + q, cell = (c * k + u) * k + v;
        sum += staged ? tile[position * stride + cell]
                      : columns[static_cast<std::int64_t>(position) * channels * cells + cell];
      }
    }
    out[i] = sum;
  }
}

}  // namespace

template <class T>
void fold_columns(const FoldColumns<T>& job, void* stream) {
  if (job.rows == 0) return;
  const std::int64_t cells = job.conv.kernel * job.conv.kernel,
                     positions = job.conv.out_height * job.conv.out_width;
  const std::int64_t a_channel = positions * cells * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t fit = (kSharedBytes - positions * static_cast<std::int64_t>(sizeof(T))) /
                           std::max<std::int64_t>(a_channel, 1);
  const bool staged = fit >= 1;
  const std::int64_t together = std::min(job.conv.channels, staged ? fit : std::int64_t{8});
  const dim3 grid(static_cast<unsigned>(job.rows),
                  blocks_for(job.conv.channels, static_cast<int>(together)));
  const std::int64_t bytes =
      staged ? positions * (together * cells + 1) * static_cast<std::int64_t>(sizeof(T)) : 0;
  fold_columns_kernel<T><<<grid, kThreads, static_cast<std::size_t>(bytes), as_stream(stream)>>>(
      job, static_cast<int>(together), staged);
  check_launch("fold_columns");
}

template void fold_columns<float>(const FoldColumns<float>&, void*);
template void fold_columns<double>(const FoldColumns<double>&, void*);

}  // namespace varphase::cuda
