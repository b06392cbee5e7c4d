// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

namespace varphase {

/// Derivatives of each image's negative log-likelihood by its logits, with p the softmax: the gradient p - e_y, and the
/// Hessian diag(p) - p p^T written as the sum of C - 1 squares f f^T, where the f are the columns of its Cholesky
/// factor (Tanabe & Sagae, 1992). Computed so that no digits are lost where the network is sure of a class.
struct LossCurvature {
  at::Tensor gradient;  // [N, C]
  at::Tensor factors;   // [N, C - 1, C]
};

/// @param logits [N, C]; @param labels int64 [N]
LossCurvature loss_curvature(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace varphase
