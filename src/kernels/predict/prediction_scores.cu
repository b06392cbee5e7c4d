// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/predict/prediction_scores.hpp"

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kDoubles = sizeof(VariantScores) / sizeof(double);

template <class T>
__device__ int top_class(const T* row, int classes) {
  int top = 0;
  for (int c = 1; c < classes; ++c) {
    if (row[c] > row[top]) top = c;
  }
  return top;
}

// What one image adds to its variant's scores.
struct ImageScores {
  double right, won, lost, nll, brier, entropy, confidence;
  int bin;
};

// A block takes kScoreRows images of a variant, a thread each; then a thread a score adds them up
// in their order.
template <class T>
__global__ void __launch_bounds__(kScoreRows)
    parts_kernel(const T* log_p, const std::int64_t* labels, std::int64_t rows, int classes,
                 VariantScores* parts) {
  __shared__ ImageScores images[kScoreRows];
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kScoreRows;
  const std::int64_t n = first + threadIdx.x;
  if (n < rows) {
    const T* row = log_p + (static_cast<std::int64_t>(blockIdx.y) * rows + n) * classes;
    const auto label = static_cast<int>(labels[n]);
    const int top = top_class(row, classes);
    const bool right = top == label;
    const bool reference_right = top_class(log_p + n * classes, classes) == label;
    ImageScores own{right ? 1.0 : 0.0,
                    right && !reference_right ? 1.0 : 0.0,
                    !right && reference_right ? 1.0 : 0.0,
                    -static_cast<double>(row[label]),
                    0,
                    0,
                    0,
                    0};
    for (int c = 0; c < classes; ++c) {
      const auto log_probability = static_cast<double>(row[c]);
      const double p = exp(log_probability);
      const double gap = p - (c == label ? 1 : 0);
      own.brier += gap * gap;
      if (p > 0) own.entropy -= p * log_probability;
      if (c == top) own.confidence = p;
    }
    own.bin = min(max(static_cast<int>(ceil(kCalibrationBins * own.confidence)) - 1, 0),
                  kCalibrationBins - 1);
    images[threadIdx.x] = own;
  }
  __syncthreads();
  const int here = static_cast<int>(min(static_cast<std::int64_t>(kScoreRows), rows - first));
  VariantScores& part = parts[static_cast<std::int64_t>(blockIdx.x) * gridDim.y + blockIdx.y];
  const auto sum = [&](double ImageScores::*field) {
    double total = 0;
    for (int i = 0; i < here; ++i) total += images[i].*field;
    return total;
  };
  switch (threadIdx.x / 32) {  // a warp a kind of sum
    case 0:
      if (threadIdx.x < kCalibrationBins) {
        double hits = 0, confidences = 0;
        for (int i = 0; i < here; ++i) {
          if (images[i].bin != static_cast<int>(threadIdx.x)) continue;
          hits += images[i].right;
          confidences += images[i].confidence;
        }
        part.hits[threadIdx.x] = hits;
        part.confidences[threadIdx.x] = confidences;
      }
      break;
    case 1:
      if (threadIdx.x % 32 == 0) part.right = sum(&ImageScores::right);
      break;
    case 2:
      if (threadIdx.x % 32 == 0) part.won = sum(&ImageScores::won);
      break;
    case 3:
      if (threadIdx.x % 32 == 0) part.lost = sum(&ImageScores::lost);
      break;
    case 4:
      if (threadIdx.x % 32 == 0) part.nll = sum(&ImageScores::nll);
      break;
    case 5:
      if (threadIdx.x % 32 == 0) part.brier = sum(&ImageScores::brier);
      break;
    case 6:
      if (threadIdx.x % 32 == 0) part.entropy = sum(&ImageScores::entropy);
      break;
    default:
      break;
  }
}

// A block a variant, a thread a score.
__global__ void totals_kernel(const VariantScores* parts, std::int64_t count,
                              VariantScores* scores) {
  if (threadIdx.x >= kDoubles) return;
  double total = 0;
  for (std::int64_t i = 0; i < count; ++i)
    total += reinterpret_cast<const double*>(parts + i * gridDim.x + blockIdx.x)[threadIdx.x];
  reinterpret_cast<double*>(scores + blockIdx.x)[threadIdx.x] = total;
}

}  // namespace

template <class T>
void prediction_scores(const T* log_p, const std::int64_t* labels, std::int64_t variants,
                       std::int64_t rows, std::int64_t classes, VariantScores* scores,
                       void* stream) {
  if (variants == 0 || rows == 0) return;
  const std::int64_t count = prediction_score_parts(rows) - 1;
  VariantScores* parts = scores + variants;
  const dim3 grid(static_cast<unsigned>(count), static_cast<unsigned>(variants));
  parts_kernel<T><<<grid, kScoreRows, 0, as_stream(stream)>>>(log_p, labels, rows,
                                                              static_cast<int>(classes), parts);
  check_launch("prediction_scores: parts");
  totals_kernel<<<static_cast<unsigned>(variants), 64, 0, as_stream(stream)>>>(parts, count,
                                                                               scores);
  check_launch("prediction_scores");
}

template void prediction_scores(const float*, const std::int64_t*, std::int64_t, std::int64_t,
                                std::int64_t, VariantScores*, void*);
template void prediction_scores(const double*, const std::int64_t*, std::int64_t, std::int64_t,
                                std::int64_t, VariantScores*, void*);

}  // namespace varphase::cuda
