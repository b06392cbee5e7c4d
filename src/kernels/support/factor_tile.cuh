// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace varphase::cuda {

// A block's product of 64 factors and as many columns as it has threads, eight at a time of the depth, in IEEE
// arithmetic; a thread holds 8 x 8 of it. Lanes next to each other hold factors next to each other, which lie so in
// memory.
template <class T, int Columns>
struct FactorTile {
  static constexpr int kFactors = 64, kDepth = 8, kThreads = Columns;
  static constexpr int kOwn = (kDepth * kFactors + kThreads - 1) / kThreads;  // loads of a thread

  struct alignas(16) Stage {
    T left[kDepth][kFactors];
    T right[kDepth][Columns];
  };

  static __device__ int factor(int i) {
    return static_cast<int>(threadIdx.x) % 8 * 4 + i % 4 + i / 4 * 32;
  }
  static __device__ int column(int j) {
    return static_cast<int>(threadIdx.x) / 8 * 4 + j % 4 + j / 4 * (Columns / 2);
  }

  /// Puts a step's numbers into shared memory: the kOwn entries of `left` that this thread loads, thread after thread,
  /// and its column of `right`.
  static __device__ void keep(Stage& stage, const T (&left)[kOwn], const T (&right)[kDepth]) {
#pragma unroll
    for (int i = 0; i < kOwn; ++i) {
      const int e = static_cast<int>(threadIdx.x) + i * kThreads;
      if (e < kDepth * kFactors) stage.left[e / kFactors][e % kFactors] = left[i];
    }
#pragma unroll
    for (int i = 0; i < kDepth; ++i) stage.right[i][threadIdx.x] = right[i];
  }

  static __device__ void multiply(const Stage& stage, T (&product)[8][8]) {
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      T left[8], right[8];
      take(stage.left[k] + factor(0), left);
      take(stage.left[k] + factor(4), left + 4);
      take(stage.right[k] + column(0), right);
      take(stage.right[k] + column(4), right + 4);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
#pragma unroll
        for (int j = 0; j < 8; ++j) product[i][j] += left[i] * right[j];
      }
    }
  }

  /// Four factors of a column of the product next to each other, from factor(i) on.
  static __device__ void store(T* to, const T (&product)[8][8], int i, int j, int real) {
    if constexpr (sizeof(T) == 4) {
      if (real >= 4 && reinterpret_cast<std::uintptr_t>(to) % 16 == 0) {
        *reinterpret_cast<float4*>(to) =
            make_float4(product[i][j], product[i + 1][j], product[i + 2][j], product[i + 3][j]);
        return;
      }
    }
#pragma unroll
    for (int f = 0; f < 4; ++f) {
      if (f < real) to[f] = product[i + f][j];
    }
  }

 private:
  static __device__ void take(const float* from, float* to) {
    *reinterpret_cast<float4*>(to) = *reinterpret_cast<const float4*>(from);
  }
  static __device__ void take(const double* from, double* to) {
    for (int i = 0; i < 4; ++i) to[i] = from[i];
  }
};

}  // namespace varphase::cuda
