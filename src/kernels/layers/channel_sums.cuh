// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/layers/norm_pool.hpp"
#include "src/kernels/support/launch.cuh"

// Two sums over the rows of [rows, channels] for each channel, in two kernels: slabs of rows give parts, the second
// adds the parts in float64, always in the same order.
namespace varphase::cuda {

constexpr int kThreads = 256;
constexpr int kSlabSteps = 4;  // times that a slab's threads go on, at least

/// Where a thread works. It has `lanes` neighbouring channels, which it reads and writes at once. The threads of a
/// block stand for (row, lanes of channels) with the channels fastest, so that neighbours read neighbouring memory;
/// blockIdx.y says which kThreads * lanes of the channels.
struct Place {
  int channel;  // the thread's first
  int row;      // first row of this thread
  int rows;     // rows that the block takes at once
  int width;    // threads that share a row
};

template <int lanes>
__device__ Place place_of(int channels) {
  const int left = channels / lanes - static_cast<int>(blockIdx.y) * kThreads;
  const int width = left < kThreads ? left : kThreads;
  const int rows = kThreads / width;
  const int row = static_cast<int>(threadIdx.x) / width;
  return {(static_cast<int>(blockIdx.y) * kThreads + static_cast<int>(threadIdx.x) % width) * lanes,
          row, rows, width};
}

template <int lanes>
struct Sums {
  float first[lanes] = {}, second[lanes] = {};
};

/// Adds what the threads of one channel hold, in order of their rows, and writes it as the slab's part.
template <int lanes>
__device__ void write_part(const Place& place, const Sums<lanes>& sums, float2* parts,
                           int channels) {
  __shared__ float2 held[lanes][kThreads];
#pragma unroll
  for (int i = 0; i < lanes; ++i) held[i][threadIdx.x] = make_float2(sums.first[i], sums.second[i]);
  __syncthreads();
  if (place.row != 0) return;
#pragma unroll
  for (int i = 0; i < lanes; ++i) {
    double a = 0, b = 0;
    for (int r = 0; r < place.rows; ++r) {
      const float2 other = held[i][r * place.width + static_cast<int>(threadIdx.x)];
      a += static_cast<double>(other.x);
      b += static_cast<double>(other.y);
    }
    parts[static_cast<std::int64_t>(blockIdx.x) * channels + place.channel + i] =
        make_float2(static_cast<float>(a), static_cast<float>(b));
  }
}

/// The channel whose slabs this thread's warp adds up; there may be none of this number.
__device__ inline int channel_of_warp() {
  return static_cast<int>(blockIdx.x * (kThreads / 32) + threadIdx.x / 32);
}

/// Sums of all slabs of a channel, a warp each, always in the same order.
/// @param use  called as use(channel, first, second, lane) by all threads of the channel's warp
template <class Use>
__device__ void with_total_in_warp(const float2* parts, int slabs, int channels, const Use& use) {
  const int c = channel_of_warp();
  const int lane = static_cast<int>(threadIdx.x) % 32;
  if (c >= channels) return;
  double a = 0, b = 0;
  for (int s = lane; s < slabs; s += 32) {
    const float2 part = parts[static_cast<std::int64_t>(s) * channels + c];
    a += static_cast<double>(part.x);
    b += static_cast<double>(part.y);
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    a += __shfl_xor_sync(0xffffffffU, a, offset);
    b += __shfl_xor_sync(0xffffffffU, b, offset);
  }
  use(c, a, b, lane);
}

/// The same. @param use  called as use(channel, first, second) by one thread a channel
template <class Use>
__device__ void with_total(const float2* parts, int slabs, int channels, const Use& use) {
  with_total_in_warp(parts, slabs, channels, [&](int c, double first, double second, int lane) {
    if (lane == 0) use(c, first, second);
  });
}

template <int lanes, class T>
__device__ const Pack<T, lanes>& pack_at(const T* data) {
  return *reinterpret_cast<const Pack<T, lanes>*>(data);
}
template <int lanes, class T>
__device__ Pack<T, lanes>& pack_at(T* data) {
  return *reinterpret_cast<Pack<T, lanes>*>(data);
}

/// The blocks of the first kernel, for so many rows and groups of channels.
inline dim3 slab_grid(std::int64_t rows, std::int64_t groups) {
  const std::int64_t at_once = groups < kThreads ? kThreads / groups : 1;
  const std::int64_t wanted = (rows + at_once * kSlabSteps - 1) / (at_once * kSlabSteps);
  return {static_cast<unsigned>(wanted < kNormPoolSlabs ? wanted : kNormPoolSlabs),
          blocks_for(groups, kThreads)};
}

}  // namespace varphase::cuda
