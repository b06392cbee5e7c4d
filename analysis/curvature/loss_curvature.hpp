// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

namespace varphase {

/// Of each image's negative log-likelihood by its logits: the gradient p - e_y, and the Hessian
/// diag(p) - p p^T as a sum of C - 1 squares, the columns of its Cholesky factor (Tanabe & Sagae,
/// 1992). In forms that keep their digits where the network is sure.
struct LossCurvature {
  at::Tensor gradient;  // [N, C]
  at::Tensor factors;   // [N, C - 1, C]
};

/// @param logits [N, C]; @param labels int64 [N]
LossCurvature loss_curvature(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace varphase
