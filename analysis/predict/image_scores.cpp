// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/image_scores.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/predict/metrics.hpp"
#include "src/base/error.hpp"

namespace varphase {
namespace {

at::Tensor doubles(const at::Tensor& values) {
  return values.detach().to(at::kCPU, at::kDouble).contiguous();
}

}  // namespace

Uncertainty uncertainty(const at::Tensor& log_p, const at::Tensor& member_entropy) {
  const at::Tensor values = doubles(log_p);
  const at::Tensor members = member_entropy.defined() ? doubles(member_entropy) : at::Tensor();
  Uncertainty result;
  for (std::int64_t n = 0; n < values.size(0); ++n) {
    const double* row = values.data_ptr<double>() + n * values.size(1);
    double entropy = 0;
    for (std::int64_t c = 0; c < values.size(1); ++c) {
      const double p = std::exp(row[c]);
      check_predicted(p);
      if (p > 0) entropy -= p * row[c];
    }
    result.confidence.push_back(std::exp(*std::max_element(row, row + values.size(1))));
    result.entropy.push_back(entropy);
    if (members.defined())
      result.mutual_information.push_back(std::max(0.0, entropy - members.data_ptr<double>()[n]));
  }
  return result;
}

ImageScores image_scores(const at::Tensor& log_p, const at::Tensor& member_entropy,
                         const at::Tensor& labels) {
  VARPHASE_CHECK(log_p.dim() == 2 && labels.dim() == 1 && log_p.size(0) == labels.size(0),
                 ErrorKind::shape, "scores want log probabilities [N, C] and N labels");
  const at::Tensor values = doubles(log_p);
  const at::Tensor own = labels.to(at::kCPU).contiguous();
  ImageScores result;
  static_cast<Uncertainty&>(result) = uncertainty(values, member_entropy);
  for (std::int64_t n = 0; n < values.size(0); ++n) {
    const double* row = values.data_ptr<double>() + n * values.size(1);
    const std::int64_t label = own.data_ptr<std::int64_t>()[n];
    const std::int64_t top = std::max_element(row, row + values.size(1)) - row;
    double brier = 0;
    for (std::int64_t c = 0; c < values.size(1); ++c) {
      const double gap = std::exp(row[c]) - (c == label ? 1 : 0);
      brier += gap * gap;
    }
    result.right.push_back(top == label ? 1 : 0);
    result.nll.push_back(-row[label]);
    result.brier.push_back(brier);
  }
  return result;
}

}  // namespace varphase
