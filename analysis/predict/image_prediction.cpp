// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/image_prediction.hpp"

#include <algorithm>
#include <cmath>

#include "src/base/error.hpp"

namespace varphase {

ImagePredictions image_predictions(const Prediction& prediction) {
  const at::Tensor log_p = prediction.log_p.detach().to(at::kCPU).to(at::kDouble).contiguous();
  const bool many = prediction.member_entropy.defined();
  const at::Tensor members =
      many ? prediction.member_entropy.detach().to(at::kCPU).to(at::kDouble).contiguous()
           : at::Tensor();
  VARPHASE_CHECK(log_p.dim() == 2 && (!many || members.numel() == log_p.size(0)), ErrorKind::shape,
                 "predictions want log probabilities [N, C] and N entropies");
  ImagePredictions result;
  result.classes = log_p.size(1);
  result.probability.reserve(static_cast<std::size_t>(log_p.numel()));
  const auto* row = log_p.data_ptr<double>();
  for (std::int64_t n = 0; n < log_p.size(0); ++n, row += result.classes) {
    // float32 sums leave the probabilities 1e-7 beside 1.
    const std::size_t first = result.probability.size();
    double sum = 0;
    for (std::int64_t c = 0; c < result.classes; ++c) {
      result.probability.push_back(std::exp(row[c]));
      sum += result.probability.back();
    }
    VARPHASE_CHECK(std::isfinite(sum) && sum > 0, ErrorKind::numeric,
                   "the network's output for image {} of these is not finite", n);
    std::int64_t best = 0;
    double entropy = 0;
    for (std::int64_t c = 0; c < result.classes; ++c) {
      double& p = result.probability[first + static_cast<std::size_t>(c)];
      p /= sum;
      if (p > result.probability[first + static_cast<std::size_t>(best)]) best = c;
      if (p > 0) entropy -= p * std::log(p);
    }
    result.label.push_back(best);
    result.entropy.push_back(std::max(0.0, entropy));
    result.mutual_information.push_back(
        many ? std::max(0.0, entropy - members.data_ptr<double>()[n]) : 0.0);
  }
  return result;
}

}  // namespace varphase
