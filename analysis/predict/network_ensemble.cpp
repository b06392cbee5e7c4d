// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/network_ensemble.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/stack.h>

#include "src/base/error.hpp"

namespace varphase {

at::Tensor mean_over_networks(const std::vector<at::Tensor>& log_p) {
  VARPHASE_CHECK(!log_p.empty(), ErrorKind::usage, "an ensemble of networks wants at least one");
  for (const at::Tensor& one : log_p)
    VARPHASE_CHECK(one.sizes() == log_p.front().sizes(), ErrorKind::shape,
                   "networks of one ensemble want the same images and classes: [{}, {}] and "
                   "[{}, {}]",
                   log_p.front().size(0), log_p.front().size(1), one.size(0), one.size(1));
  return at::logsumexp(at::stack(log_p).to(at::kDouble), {0}) -
         std::log(static_cast<double>(log_p.size()));
}

NetworkEnsemble score_networks(const std::vector<at::Tensor>& log_p, const at::Tensor& labels) {
  NetworkEnsemble result;
  result.metrics = metrics(mean_over_networks(log_p), labels);
  double entropy = 0;
  for (const at::Tensor& one : log_p) entropy += metrics(one.to(at::kDouble), labels).entropy;
  result.mutual_information =
      std::max(0.0, result.metrics.entropy - entropy / static_cast<double>(log_p.size()));
  return result;
}

}  // namespace varphase
