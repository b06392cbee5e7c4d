// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/mask.hpp"

#include <cmath>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sort.h>

#include "src/base/registry.hpp"

namespace varphase {
namespace {

void refuse_nan(const at::Tensor& kappa) {
  VARPHASE_CHECK(!at::isnan(kappa).any().item<bool>(), ErrorKind::numeric,
                 "kappa holds NaN: no mask can be made of it");
}

}  // namespace

at::Tensor mask_over(const at::Tensor& kappa, double kappa0) {
  refuse_nan(kappa);
  return (kappa.to(at::kDouble).abs() > kappa0).to(at::kFloat);
}

at::Tensor mask_of_sparsity(const at::Tensor& kappa, double sparsity) {
  refuse_nan(kappa);
  VARPHASE_CHECK(sparsity >= 0 && sparsity <= 1, ErrorKind::usage,
                 "sparsity {}: wants 0 to 1, the share of zeros", sparsity);
  const auto dropped =
      static_cast<std::int64_t>(std::floor(sparsity * static_cast<double>(kappa.numel())));
  const at::Tensor order = std::get<1>(kappa.abs().flatten().sort(/*stable=*/true, 0, false));
  at::Tensor mask = at::ones({kappa.numel()}, kappa.options().dtype(at::kFloat));
  mask.index_fill_(0, order.narrow(0, 0, dropped), 0);
  return mask.reshape(kappa.sizes());
}

double threshold_of(const at::Tensor& kappa, const at::Tensor& mask) {
  const at::Tensor kept = kappa.abs().masked_select(mask > 0);
  if (kept.numel() == kappa.numel()) return 0;
  return kept.numel() == 0 ? std::numeric_limits<double>::infinity()
                           : kept.min().to(at::kDouble).item<double>();
}

std::string replacement_name(Replacement rule) {
  return rule == Replacement::mean ? "mean" : "zero";
}

Replacement replacement_from_name(const std::string& name) {
  static const Registry<Replacement> table{
      "replacement", {{"mean", Replacement::mean}, {"zero", Replacement::zero}}};
  return table.at(name);
}

MaskedWeights masked_weights(const at::Tensor& mean, const at::Tensor& variance,
                             const at::Tensor& mask, Replacement rule) {
  return {rule == Replacement::mean ? mean : mean * mask, variance * mask};
}

}  // namespace varphase
