// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/metrics.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/where.h>

namespace varphase {
namespace {

constexpr int kBins = 15;

double expected_calibration_error(const at::Tensor& p, const at::Tensor& right) {
  const at::Tensor confidence = std::get<0>(p.max(1)).contiguous();
  const double* conf = confidence.data_ptr<double>();
  const at::Tensor hits = right.contiguous();
  const std::int64_t* hit = hits.data_ptr<std::int64_t>();
  double accuracy_sum[kBins] = {}, confidence_sum[kBins] = {};
  for (std::int64_t n = 0; n < p.size(0); ++n) {
    const int bin =
        std::min(std::max(static_cast<int>(std::ceil(kBins * conf[n])) - 1, 0), kBins - 1);
    accuracy_sum[bin] += static_cast<double>(hit[n]);
    confidence_sum[bin] += conf[n];
  }
  double error = 0;
  for (int b = 0; b < kBins; ++b) error += std::abs(accuracy_sum[b] - confidence_sum[b]);
  return error / static_cast<double>(p.size(0));
}

}  // namespace

at::Tensor is_right(const at::Tensor& log_p, const at::Tensor& labels) {
  return log_p.argmax(1).eq(labels).to(at::kLong);
}

Metrics metrics(const at::Tensor& log_p_any, const at::Tensor& labels_any) {
  const at::Tensor log_p = log_p_any.detach().to(at::kCPU).to(at::kDouble);
  const at::Tensor labels = labels_any.to(at::kCPU);
  const at::Tensor p = log_p.exp();
  const at::Tensor right = is_right(log_p, labels);
  const auto n = static_cast<double>(labels.size(0));
  Metrics result;
  result.images = labels.size(0);
  result.accuracy = static_cast<double>(right.sum().item<std::int64_t>()) / n;
  result.accuracy_se = std::sqrt(result.accuracy * (1 - result.accuracy) / n);
  result.nll = -log_p.gather(1, labels.unsqueeze(1)).sum().item<double>() / n;
  const at::Tensor target = at::one_hot(labels, log_p.size(1)).to(at::kDouble);
  result.brier = (p - target).square().sum().item<double>() / n;
  result.ece = expected_calibration_error(p, right);
  const at::Tensor terms = at::where(p > 0, p * log_p, 0.0);
  result.entropy = -terms.sum().item<double>() / n;
  return result;
}

PairedDifference paired_difference(const at::Tensor& right_reference,
                                   const at::Tensor& right_other) {
  const auto n = static_cast<double>(right_reference.numel());
  const auto lost = static_cast<double>((right_reference > right_other).sum().item<std::int64_t>());
  const auto won = static_cast<double>((right_other > right_reference).sum().item<std::int64_t>());
  const double difference = (won - lost) / n;
  return {difference, std::sqrt(std::max(0.0, won + lost - (won - lost) * (won - lost) / n)) / n};
}

}  // namespace varphase
