// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/special_entr.h>

#include "src/base/error.hpp"
#include "src/kernels/predict/prediction_scores.hpp"
#include "src/torch/kernel_arguments.hpp"

namespace varphase {
namespace {

// Scores travel as a tensor of doubles.
constexpr std::int64_t kDoubles = sizeof(VariantScores) / sizeof(double);
static_assert(std::is_trivially_copyable_v<VariantScores>);

ScoredVariant scored(const VariantScores& scores, std::int64_t images) {
  const auto n = static_cast<double>(images);
  ScoredVariant result;
  Metrics& m = result.metrics;
  m.images = images;
  m.accuracy = scores.right / n;
  m.accuracy_se = std::sqrt(m.accuracy * (1 - m.accuracy) / n);
  m.nll = scores.nll / n;
  m.brier = scores.brier / n;
  for (int b = 0; b < kCalibrationBins; ++b)
    m.ece += std::abs(scores.hits[b] - scores.confidences[b]) / n;
  m.entropy = scores.entropy / n;
  const double change = scores.won - scores.lost;
  result.difference = {
      change / n, std::sqrt(std::max(0.0, scores.won + scores.lost - change * change / n)) / n};
  return result;
}

}  // namespace

void check_predicted(double value) {
  VARPHASE_CHECK(!std::isnan(value), ErrorKind::numeric,
                 "predictions are not numbers (NaN): weights so large that float32 overflows\n  "
                 "the training had diverged: take an earlier epoch");
}

at::Tensor entropy_of(const at::Tensor& log_p) { return at::special_entr(log_p.exp()).sum(-1); }

std::vector<ScoredVariant> score_variants(const at::Tensor& log_p, const at::Tensor& labels) {
  VARPHASE_CHECK(log_p.dim() == 3 && labels.dim() == 1 && log_p.size(1) == labels.size(0) &&
                     labels.size(0) > 0,
                 ErrorKind::shape, "scores want log probabilities [G, N, C] and N labels");
  const at::Tensor values = log_p.detach().contiguous();
  const at::Tensor own = labels.to(values.device()).contiguous();
  const at::Tensor scores =
      at::empty({prediction_score_parts(values.size(1)) * values.size(0), kDoubles},
                values.options().dtype(at::kDouble));
  auto* into = reinterpret_cast<VariantScores*>(data_of<double>(scores));
  const auto run = [&](const auto* data) {
    prediction_scores(data, data_of<std::int64_t>(own), values.size(0), values.size(1),
                      values.size(2), into, where_of(values));
  };
  if (values.scalar_type() == at::kDouble) {
    run(data_of<double>(values));
  } else {
    run(data_of<float>(values));
  }
  const at::Tensor host = scores.narrow(0, 0, values.size(0)).to(at::kCPU);
  const auto* first = reinterpret_cast<const VariantScores*>(host.data_ptr<double>());
  std::vector<ScoredVariant> results;
  for (std::int64_t g = 0; g < values.size(0); ++g) {
    check_predicted(first[g].nll);
    results.push_back(scored(first[g], values.size(1)));
  }
  return results;
}

Metrics metrics(const at::Tensor& log_p, const at::Tensor& labels) {
  return score_variants(log_p.unsqueeze(0), labels).front().metrics;
}

}  // namespace varphase
