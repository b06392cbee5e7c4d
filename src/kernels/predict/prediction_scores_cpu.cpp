// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/predict/prediction_scores.hpp"

#include <algorithm>
#include <cmath>

#include "src/kernels/support/dispatch.hpp"

namespace varphase {
namespace {

template <class T>
std::int64_t top_class(const T* row, std::int64_t classes) {
  return std::max_element(row, row + classes) - row;
}

template <class T>
VariantScores scores_of(const T* log_p, const T* reference, const std::int64_t* labels,
                        std::int64_t rows, std::int64_t classes) {
  VariantScores total;
  for (std::int64_t n = 0; n < rows; ++n) {
    const T* row = log_p + n * classes;
    const std::int64_t top = top_class(row, classes);
    const bool right = top == labels[n];
    const bool reference_right = top_class(reference + n * classes, classes) == labels[n];
    total.right += right ? 1 : 0;
    total.won += right && !reference_right ? 1 : 0;
    total.lost += !right && reference_right ? 1 : 0;
    total.nll -= static_cast<double>(row[labels[n]]);
    for (std::int64_t c = 0; c < classes; ++c) {
      const auto log_probability = static_cast<double>(row[c]);
      const double p = std::exp(log_probability);
      const double gap = p - (c == labels[n] ? 1 : 0);
      total.brier += gap * gap;
      if (p > 0) total.entropy -= p * log_probability;
    }
    const double confidence = std::exp(static_cast<double>(row[top]));
    // NaN goes to the first bin: it has no whole number.
    const int bin = confidence > 0
                        ? std::clamp(static_cast<int>(std::ceil(kCalibrationBins * confidence)) - 1,
                                     0, kCalibrationBins - 1)
                        : 0;
    total.hits[bin] += right ? 1 : 0;
    total.confidences[bin] += confidence;
  }
  return total;
}

}  // namespace

template <class T>
void prediction_scores(const T* log_p, const std::int64_t* labels, std::int64_t variants,
                       std::int64_t rows, std::int64_t classes, VariantScores* scores,
                       Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(
        cuda::prediction_scores(log_p, labels, variants, rows, classes, scores, where.stream));
    return;
  }
  parallel_for(variants, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t g = begin; g < end; ++g)
      scores[g] = scores_of(log_p + g * rows * classes, log_p, labels, rows, classes);
  });
}

template void prediction_scores(const float*, const std::int64_t*, std::int64_t, std::int64_t,
                                std::int64_t, VariantScores*, Where);
template void prediction_scores(const double*, const std::int64_t*, std::int64_t, std::int64_t,
                                std::int64_t, VariantScores*, Where);

}  // namespace varphase
