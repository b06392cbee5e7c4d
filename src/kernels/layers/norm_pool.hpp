// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/layers/activation.hpp"
#include "src/kernels/support/bfloat16.hpp"
#include "src/kernels/support/rank_lines.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// Batch norm, an activation and max pooling in one pass:
///
///     y = max over a pool x pool window of phi(scale (x - mean) + bias)
///
/// Windows lie side by side; what is left over at the edge is dropped. Images lie channels-last, [N, H, W, C]; the
/// output of a dense layer has H = W = 1.
///
/// The largest h = scale (x - mean) + bias wins its window, not the largest phi(h), so phi must never fall where pool >
/// 1. Sums over images are taken about the first image's value and put together in float64, in an order that the number
///   of threads does not change.
/// @tparam T  of x and y: float, or Bfloat16 (on a GPU alone). Everything in between is float32.
template <class T>
struct NormPool {
  const T* x = nullptr;  // [N, H, W, C]
  std::int64_t rows = 0, height = 1, width = 1, channels = 0;
  std::int64_t pool = 1;          // at most 15
  const float* weight = nullptr;  // [C]
  const float* bias = nullptr;    // [C]
  Activation activation = Activation::relu;
  float beta = 1;

  bool training = false;          // statistics of the batch, else those given
  float* mean = nullptr;          // [C] training: overwritten; else read
  float* inverse_sd = nullptr;    // [C] likewise, 1 / sqrt(var + eps)
  float* running_mean = nullptr;  // [C] training: moved by `momentum`; may be null
  float* running_var = nullptr;
  float eps = 0;
  float momentum = 0;
  /// [2 C + 1] of several batches that are normalized as one, as norm_pool_sums gives them and added up: training then
  /// takes its statistics from these, and the backward pass its count. Null: those of this batch.
  const double* sums = nullptr;
  /// The other way to several batches, of GPUs of one machine: sums are exchanged within the kernels, forward and
  /// backward. At least C places; null: not so. All ranks make the same calls.
  const RankLines* ranks = nullptr;

  bool channels_first_out = false;  // y as [N, C, H / pool, W / pool]
  T* y = nullptr;                   // overwritten
  std::uint8_t* winner = nullptr;  // [N, H / pool, W / pool, C] place in the window; null: not kept
  float* workspace = nullptr;      // CUDA training and any backward: norm_pool_workspace floats
};

/// The gradients of sum dy . y, from x, winner, mean and inverse_sd of a pass. Where that pass did not train, the
/// statistics are constants and dx = dy phi'(h) scale alone.
template <class T>
struct NormPoolGradient {
  const T* dy = nullptr;     // as y lies
  T* dx = nullptr;           // [N, H, W, C] overwritten
  float* dweight = nullptr;  // [C] overwritten in training, else not written
  float* dbias = nullptr;    // [C] likewise
  /// [2 C] of all the batches, as norm_pool_gradient_sums gives them and added up; goes with NormPool::sums. dweight and
  /// dbias are then left alone: that function wrote this batch's own.
  const double* sums = nullptr;
};

/// Partial sums of a channel, at most, on a GPU.
constexpr std::int64_t kNormPoolSlabs = 256;
std::int64_t norm_pool_workspace(std::int64_t channels);

/// Defined for float and Bfloat16. @throws Error unsupported for Bfloat16 on a CPU.
template <class T>
void norm_pool(const NormPool<T>& job, Where where);
template <class T>
void norm_pool_backward(const NormPool<T>& job, const NormPoolGradient<T>& gradient, Where where);

/// Of this batch alone, by channel: sums of x, sums of its square, and last the number of values a channel has.
/// @param sums  [2 C + 1] overwritten
template <class T>
void norm_pool_sums(const NormPool<T>& job, double* sums, Where where);
/// Of this batch alone, by channel: sums of dh and of dh (x - mean), h being what the activation is given. Writes dweight
/// and dbias of this batch. @param sums  [2 C] overwritten
template <class T>
void norm_pool_gradient_sums(const NormPool<T>& job, const NormPoolGradient<T>& gradient,
                             double* sums, Where where);

namespace cuda {
template <class T>
void norm_pool(const NormPool<T>& job, void* stream);
template <class T>
void norm_pool_backward(const NormPool<T>& job, const NormPoolGradient<T>& gradient, void* stream);
template <class T>
void norm_pool_sums(const NormPool<T>& job, double* sums, void* stream);
template <class T>
void norm_pool_gradient_sums(const NormPool<T>& job, const NormPoolGradient<T>& gradient,
                             double* sums, void* stream);
}  // namespace cuda

}  // namespace varphase
