// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/prediction_scores.hpp"

#include "src/kernels/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kThreads = 1024;
// Confidences are summed as whole numbers of 2^-42, so that the order of the atomic additions
// cannot change the sum.
constexpr double kUnit = 4398046511104.0;

template <class T>
__device__ int top_class(const T* row, int classes) {
  int top = 0;
  for (int c = 1; c < classes; ++c) {
    if (row[c] > row[top]) top = c;
  }
  return top;
}

/// Sum over the block, the same whatever thread comes first; valid in thread 0.
__device__ double block_sum(double value, double* held) {
  held[threadIdx.x] = value;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (static_cast<int>(threadIdx.x) < half) held[threadIdx.x] += held[threadIdx.x + half];
    __syncthreads();
  }
  const double sum = held[0];
  __syncthreads();
  return sum;
}

// A block a variant.
template <class T>
__global__ void __launch_bounds__(kThreads)
    prediction_scores_kernel(const T* log_p, const std::int64_t* labels, std::int64_t rows,
                             int classes, VariantScores* scores) {
  __shared__ double held[kThreads];
  __shared__ unsigned long long confidences[kCalibrationBins];
  __shared__ unsigned int hits[kCalibrationBins];
  if (threadIdx.x < kCalibrationBins) {
    confidences[threadIdx.x] = 0;
    hits[threadIdx.x] = 0;
  }
  __syncthreads();
  const T* own = log_p + static_cast<std::int64_t>(blockIdx.x) * rows * classes;
  VariantScores part;
  for (std::int64_t n = threadIdx.x; n < rows; n += kThreads) {
    const T* row = own + n * classes;
    const auto label = static_cast<int>(labels[n]);
    const int top = top_class(row, classes);
    const bool right = top == label;
    const bool reference_right = top_class(log_p + n * classes, classes) == label;
    part.right += right ? 1 : 0;
    part.won += right && !reference_right ? 1 : 0;
    part.lost += !right && reference_right ? 1 : 0;
    part.nll -= static_cast<double>(row[label]);
    double confidence = 0;
    for (int c = 0; c < classes; ++c) {
      const auto log_probability = static_cast<double>(row[c]);
      const double p = exp(log_probability);
      const double gap = p - (c == label ? 1 : 0);
      part.brier += gap * gap;
      if (p > 0) part.entropy -= p * log_probability;
      if (c == top) confidence = p;
    }
    const int bin = min(max(static_cast<int>(ceil(kCalibrationBins * confidence)) - 1, 0),
                        kCalibrationBins - 1);
    atomicAdd(&confidences[bin], static_cast<unsigned long long>(llrint(confidence * kUnit)));
    if (right) atomicAdd(&hits[bin], 1U);
  }
  VariantScores total;
  total.right = block_sum(part.right, held);
  total.won = block_sum(part.won, held);
  total.lost = block_sum(part.lost, held);
  total.nll = block_sum(part.nll, held);
  total.brier = block_sum(part.brier, held);
  total.entropy = block_sum(part.entropy, held);
  if (threadIdx.x != 0) return;
  for (int b = 0; b < kCalibrationBins; ++b)
    total.ece += fabs(static_cast<double>(hits[b]) - static_cast<double>(confidences[b]) / kUnit);
  scores[blockIdx.x] = total;
}

}  // namespace

template <class T>
void prediction_scores(const T* log_p, const std::int64_t* labels, std::int64_t variants,
                       std::int64_t rows, std::int64_t classes, VariantScores* scores,
                       void* stream) {
  if (variants == 0) return;
  prediction_scores_kernel<T><<<static_cast<unsigned>(variants), kThreads, 0, as_stream(stream)>>>(
      log_p, labels, rows, static_cast<int>(classes), scores);
  check_launch("prediction_scores");
}

template void prediction_scores(const float*, const std::int64_t*, std::int64_t, std::int64_t,
                                std::int64_t, VariantScores*, void*);
template void prediction_scores(const double*, const std::int64_t*, std::int64_t, std::int64_t,
                                std::int64_t, VariantScores*, void*);

}  // namespace varphase::cuda
