// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/units.hpp"

#include <ATen/TensorOperators.h>

#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr double kSame = 1e-6;  // of the largest: shares of a unit's own sum add up to 1, rounded

}  // namespace

at::Tensor unit_scores(const at::Tensor& score, const std::string& criterion) {
  const at::Tensor sums = score.to(at::kDouble).flatten(1).sum(1, /*keepdim=*/true);
  const double largest = sums.abs().max().item<double>();
  const double spread = (sums.max() - sums.min()).item<double>();
  VARPHASE_CHECK(sums.numel() == 1 || spread > kSame * largest, ErrorKind::usage,
                 "--structure neurons: the scores of {} add up to the same for every unit, {:.4g}\n"
                 "  take another criterion",
                 criterion, largest);
  return sums.expand({score.size(0), score.numel() / score.size(0)})
      .reshape(score.sizes())
      .contiguous();
}

at::Tensor whole_units(const at::Tensor& mask, const at::Tensor& kept) {
  const at::Tensor any = mask.flatten(1).gt(0).any(1, /*keepdim=*/true);
  const at::Tensor whole = any.expand({mask.size(0), mask.numel() / mask.size(0)})
                               .reshape(mask.sizes())
                               .to(mask.scalar_type());
  return kept.defined() ? whole * kept.to(mask.scalar_type()) : whole;
}

}  // namespace varphase
