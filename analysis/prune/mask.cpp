// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/mask.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sort.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

void refuse_nan(const at::Tensor& score) {
  VARPHASE_CHECK(!at::isnan(score).any().item<bool>(), ErrorKind::numeric,
                 "scores hold NaN: no mask can be made of them");
}

}  // namespace

at::Tensor mask_over(const at::Tensor& score, double threshold) {
  refuse_nan(score);
  return (score.to(at::kDouble) > threshold).to(at::kFloat);
}

DropOrder::DropOrder(const std::vector<at::Tensor>& scores, const std::vector<at::Tensor>& kept) {
  std::vector<at::Tensor> flat, alive;
  for (std::size_t l = 0; l < scores.size(); ++l) {
    shapes_.push_back(scores[l].sizes().vec());
    flat.push_back(scores[l].flatten());
    alive.push_back(l < kept.size() && kept[l].defined()
                        ? kept[l].flatten() > 0
                        : at::ones({scores[l].numel()}, scores[l].options().dtype(at::kBool)));
  }
  const at::Tensor all = at::cat(flat), left = at::cat(alive);
  refuse_nan(all);
  order_ = std::get<1>(all.sort(/*stable=*/true, 0, false));
  const at::Tensor left_in_order = left.index_select(0, order_);
  const at::Tensor gone = order_.masked_select(~left_in_order);
  dropped_before_ = gone.numel();
  if (dropped_before_ > 0) order_ = at::cat({gone, order_.masked_select(left_in_order)});
}

std::vector<at::Tensor> DropOrder::masks(double sparsity) const {
  VARPHASE_CHECK(sparsity >= 0 && sparsity <= 1, ErrorKind::usage,
                 "sparsity {}: wants 0 to 1, the share of zeros", sparsity);
  const auto wanted =
      static_cast<std::int64_t>(std::floor(sparsity * static_cast<double>(order_.numel())));
  at::Tensor flat = at::ones({order_.numel()}, order_.options().dtype(at::kFloat));
  flat.index_fill_(0, order_.narrow(0, 0, std::max(wanted, dropped_before_)), 0);
  std::vector<at::Tensor> masks;
  std::int64_t first = 0;
  for (const auto& shape : shapes_) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    masks.push_back(flat.narrow(0, first, count).reshape(shape));
    first += count;
  }
  return masks;
}

double threshold_of(const at::Tensor& score, const at::Tensor& mask) {
  const at::Tensor kept = score.masked_select(mask > 0);
  if (kept.numel() == score.numel()) return 0;
  return kept.numel() == 0 ? std::numeric_limits<double>::infinity()
                           : kept.min().to(at::kDouble).item<double>();
}

MaskedWeights masked_weights(const at::Tensor& mean, const at::Tensor& variance,
                             const at::Tensor& mask, Replacement rule) {
  return {rule == Replacement::mean ? mean : mean * mask, variance * mask};
}

}  // namespace varphase
