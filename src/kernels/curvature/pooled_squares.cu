// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/pooled_squares.hpp"

#include "src/kernels/support/factor_tile.cuh"
#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

// One warp an image and output channel: its winners through which something passes, in order.
template <class T>
__global__ void list_winners_kernel(PooledSquares<T> job) {
  const std::int64_t list = (static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  if (list >= job.images * job.outputs) return;
  const int lane = static_cast<int>(threadIdx.x) % 32, cells = static_cast<int>(job.cells);
  const std::int64_t n = list / job.outputs, o = list % job.outputs;
  int* to = job.winners + list * cells;
  int count = 0;
  for (int first = 0; first < cells; first += 32) {
    const int cell = first + lane;
    const int corner = cell < cells ? job.corner[(n * cells + cell) * job.outputs + o] : -1;
    const unsigned passes = __ballot_sync(0xffffffffU, corner >= 0);
    if (corner >= 0) to[count + __popc(passes & ((1U << lane) - 1))] = cell;
    count += __popc(passes);
  }
  if (lane == 0) job.counts[list] = count;
}

// Where a block stands: image, first factor, step down the list of winners.
template <class T>
struct Cursor {
  std::int64_t image, end;
  int factor = 0, step = 0, count = 0;

  __device__ Cursor(const PooledSquares<T>& job, std::int64_t begin, std::int64_t end, int o)
      : image(begin - 1), end(end) {
    next_image(job, o);
  }
  __device__ bool valid() const { return image < end; }
  __device__ bool last_step() const { return (step + 1) * 8 >= count; }
  __device__ void advance(const PooledSquares<T>& job, int o) {
    if (!last_step()) {
      ++step;
      return;
    }
    step = 0;
    factor += 64;
    if (factor < job.factors) return;
    factor = 0;
    next_image(job, o);
  }

 private:
  __device__ void next_image(const PooledSquares<T>& job, int o) {
    do {
      ++image;
      count = image < end ? job.counts[image * job.outputs + o] : 0;
    } while (image < end && count == 0);
  }
};

// What a step needs of a winner.
template <class T>
struct Winner {
  std::int64_t vector, patch;  // where they begin
  T multiplier;                // 0: none
};

/// Writes the block's share of the sums of output channel o, for the weights of blockIdx.x.
template <class T, int Columns>
__device__ __forceinline__ void store_sums(const PooledSquares<T>& job, int o, int outputs,
                                           int weights, T (&sum)[8]) {
  using Tile = FactorTile<T, Columns>;
  // The eight lanes of a column group hold its factors.
#pragma unroll
  for (int j = 0; j < 8; ++j) {
    for (int apart = 1; apart < 8; apart *= 2)
      sum[j] += __shfl_xor_sync(0xffffffffU, sum[j], apart);
  }
  if (threadIdx.x % 8 != 0) return;
  T* to = job.parts + (static_cast<std::int64_t>(blockIdx.z) * outputs + o) * weights;
#pragma unroll
  for (int j = 0; j < 8; ++j) {
    const int column = static_cast<int>(blockIdx.x) * Columns + Tile::column(j);
    if (column < weights) to[column] = sum[j];
  }
}

// blockIdx.x: columns of weights; .y: output channel; .z: share of the images. Winners are looked
// up two steps ahead, vectors and patches read one step ahead.
template <class T, int Columns>
__global__ void __launch_bounds__(Columns)
    pooled_squares_kernel(PooledSquares<T> job, std::int64_t share) {
  using Tile = FactorTile<T, Columns>;
  constexpr int kDepth = Tile::kDepth;
  __shared__ typename Tile::Stage stages[2];
  __shared__ Winner<T> winners[2][kDepth];
  const int thread = static_cast<int>(threadIdx.x), o = static_cast<int>(blockIdx.y);
  const int k = static_cast<int>(job.kernel), width = static_cast<int>(job.width),
            plane = static_cast<int>(job.height) * width,
            weights = static_cast<int>(job.channels) * k * k;
  const int outputs = static_cast<int>(job.outputs), factors = static_cast<int>(job.factors),
            cells = static_cast<int>(job.cells);
  const int w = static_cast<int>(blockIdx.x) * Columns + thread;
  const bool real = w < weights;
  const int place = real ? place_in_patch(w, k, width, plane) : 0;
  const std::int64_t begin = static_cast<std::int64_t>(blockIdx.z) * share,
                     end = min(begin + share, job.images);

  const auto look_up = [&](const Cursor<T>& at) {
    Winner<T> winner{0, 0, T(0)};
    const int row = at.step * kDepth + thread;
    if (at.valid() && row < at.count) {
      const int cell = job.winners[(at.image * outputs + o) * cells + row];
      const std::int64_t unit = (at.image * cells + cell) * outputs + o;
      winner = {unit * factors + at.factor, at.image * job.channels * plane + job.corner[unit],
                job.multiplier[unit]};
    }
    return winner;
  };
  T left[Tile::kOwn], right[kDepth], sum[8] = {}, product[8][8] = {};
  const auto fetch = [&](const Cursor<T>& at, const Winner<T>(&of)[kDepth]) {
    const int rows = at.count - at.step * kDepth, some = factors - at.factor;
#pragma unroll
    for (int i = 0; i < Tile::kOwn; ++i) {
      const int e = thread + i * Tile::kThreads, row = e / Tile::kFactors, f = e % Tile::kFactors;
      left[i] = T(0);
      if (row < min(rows, kDepth) && f < some) left[i] = job.v[of[row].vector + f];
    }
#pragma unroll
    for (int i = 0; i < kDepth; ++i)
      right[i] = real && i < rows ? job.input[of[i].patch + place] * of[i].multiplier : T(0);
  };
  Cursor<T> now(job, begin, end, o);
  if (thread < kDepth) winners[0][thread] = look_up(now);
  Cursor<T> next = now;
  if (next.valid()) next.advance(job, o);
  if (thread < kDepth) winners[1][thread] = look_up(next);
  __syncthreads();
  if (now.valid()) {
    fetch(now, winners[0]);
    Tile::keep(stages[0], left, right);
  }
  __syncthreads();
  for (int stage = 0; now.valid(); stage ^= 1) {
    Cursor<T> after = next;
    if (after.valid()) after.advance(job, o);
    Winner<T> winner{0, 0, T(0)};
    if (thread < kDepth) winner = look_up(after);
    if (next.valid()) fetch(next, winners[stage ^ 1]);
    Tile::multiply(stages[stage], product);
    if (now.last_step()) {
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const int f = now.factor + Tile::factor(i);
        const T sign =
            job.sign != nullptr && f < factors ? job.sign[now.image * factors + f] : T(1);
#pragma unroll
        for (int j = 0; j < 8; ++j) {
          sum[j] += sign * product[i][j] * product[i][j];
          product[i][j] = T(0);
        }
      }
    }
    if (next.valid()) Tile::keep(stages[stage ^ 1], left, right);
    if (thread < kDepth) winners[stage][thread] = winner;
    __syncthreads();
    now = next;
    next = after;
  }

  store_sums<T, Columns>(job, o, outputs, weights, sum);
}

template <class T, int Columns>
void launch(const PooledSquares<T>& job, std::int64_t parts, cudaStream_t stream) {
  const std::int64_t weights = job.channels * job.kernel * job.kernel;
  const dim3 grid(blocks_for(weights, Columns), static_cast<unsigned>(job.outputs),
                  static_cast<unsigned>(parts));
  pooled_squares_kernel<T, Columns>
      <<<grid, Columns, 0, stream>>>(job, (job.images + parts - 1) / parts);
  check_launch("pooled_squares");
}

}  // namespace

template <class T>
void list_winners(const PooledSquares<T>& job, void* stream) {
  constexpr int kThreads = 256;
  list_winners_kernel<<<blocks_for(job.images * job.outputs * 32, kThreads), kThreads, 0,
                        as_stream(stream)>>>(job);
  check_launch("list_winners");
}

template <class T>
void pooled_squares(const PooledSquares<T>& job, std::int64_t parts, void* stream) {
  const cudaStream_t on = as_stream(stream);
  // The width that leaves the fewest columns idle.
  const std::int64_t weights = job.channels * job.kernel * job.kernel;
  const auto idle = [&](std::int64_t columns) {
    return (weights + columns - 1) / columns * columns - weights;
  };
  if (weights <= 32) {
    launch<T, 32>(job, parts, on);
  } else if (idle(96) <= idle(64)) {
    launch<T, 96>(job, parts, on);
  } else {
    launch<T, 64>(job, parts, on);
  }
}

template void list_winners<float>(const PooledSquares<float>&, void*);
template void list_winners<double>(const PooledSquares<double>&, void*);
template void pooled_squares<float>(const PooledSquares<float>&, std::int64_t, void*);
template void pooled_squares<double>(const PooledSquares<double>&, std::int64_t, void*);

}  // namespace varphase::cuda
