// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "src/noise/noise_key.hpp"

namespace varphase {

/// Entries of a Hessian's diagonal, chosen by the key, against one double backward pass each.
/// @param nll a scalar, differentiable twice by `weight`; @param diagonal what is proved, float64
/// in the weight's shape
/// @return the worst |difference| / largest |entry| of either side.
double worst_against_double_backward(const at::Tensor& nll, const at::Tensor& weight,
                                     const at::Tensor& diagonal, std::int64_t entries,
                                     const NoiseKey& key);

}  // namespace varphase
