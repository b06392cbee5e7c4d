// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

#include "analysis/curvature/hessian_rows.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {

struct DiagonalProof {
  double worst_relative_error = 0;  // |difference| / largest |entry| of either side
  HessianRows rows;
};

/// Entries of a Hessian's diagonal, chosen by the key, against one double backward pass each; such
/// a pass gives the entry's whole row, and the first few are looked at as such.
/// @param nll a scalar of the weight, differentiable twice; @param weight float64
/// @param diagonal what is proved, in the weight's shape
DiagonalProof prove_by_double_backward(
    const std::function<at::Tensor(const at::Tensor& weight)>& nll, const at::Tensor& weight,
    const at::Tensor& diagonal, std::int64_t entries, const NoiseKey& key);

}  // namespace varphase
