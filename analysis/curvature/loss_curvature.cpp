// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/curvature/loss_curvature.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

namespace varphase {

LossCurvature loss_curvature(const at::Tensor& logits, const at::Tensor& labels) {
  const std::int64_t classes = logits.size(1);
  const at::Tensor p = at::softmax(logits, 1);
  const at::Tensor label = labels.unsqueeze(1);
  // p_y - 1 as minus the sum of the others.
  at::Tensor gradient = p.scatter(1, label, 0);
  gradient.scatter_(1, label, -gradient.sum(1, true));

  // With T_j = sum_{c >= j} p_c:  L_jj = sqrt(p_j T_{j+1} / T_j), L_ij = -L_jj p_i / T_{j+1}, i >
  // j.
  const at::Tensor tail = p.flip({1}).cumsum(1).flip({1});  // T
  const at::Tensor next = tail.narrow(1, 1, classes - 1), here = tail.narrow(1, 0, classes - 1),
                   first = p.narrow(1, 0, classes - 1);
  const at::Tensor zero = at::zeros_like(here);
  const at::Tensor diagonal =
      at::where(here > 0, (first * next / here).sqrt(), zero).unsqueeze(2);  // [N, C - 1, 1]
  const at::Tensor whole = at::where(next > 0, next, zero + 1).unsqueeze(2);
  at::Tensor below = -(p.unsqueeze(1) / whole).triu(1);  // [N, j, i]; a quotient is at most 1
  below.diagonal(0, 1, 2).fill_(1);
  return {gradient, diagonal * below};
}

}  // namespace varphase
