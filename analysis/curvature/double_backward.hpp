// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

#include "analysis/curvature/hessian_rows.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {

/// How far a diagonal lies from one by double backward passes.
struct DiagonalProof {
  double worst_relative_error = 0;  // |difference| / largest |entry| of either side
  HessianRows rows;
};

/// Compares entries of a Hessian's diagonal, chosen at random by the key, with one float64 double backward pass each.
/// Such a pass gives the entry's whole row of the Hessian; the first few rows are looked at as well.
/// @param nll  the loss as a scalar function of the weight, twice differentiable @param weight  float64
/// @param diagonal  what is to be proved, in the weight's shape @param entries  how many
DiagonalProof prove_by_double_backward(
    const std::function<at::Tensor(const at::Tensor& weight)>& nll, const at::Tensor& weight,
    const at::Tensor& diagonal, std::int64_t entries, const NoiseKey& key);

}  // namespace varphase
