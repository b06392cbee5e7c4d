// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

namespace varphase {

/// 1 where |kappa| > kappa0 (kept), else 0; float32, shape of kappa. @throws Error numeric where
/// kappa is NaN.
at::Tensor mask_over(const at::Tensor& kappa, double kappa0);

/// Drops the floor(sparsity * count) weights lowest by (|kappa|, flat index); stable. 0 <= sparsity
/// <= 1.
at::Tensor mask_of_sparsity(const at::Tensor& kappa, double sparsity);

/// The smallest |kappa| that a mask keeps; 0 where it keeps all, infinity where none.
double threshold_of(const at::Tensor& kappa, const at::Tensor& mask);

/// What a dropped weight becomes: its mean (variance 0), or zero (mean and variance 0). Paper,
/// section 5.
enum class Replacement { mean, zero };
std::string replacement_name(Replacement rule);
/// @throws Error usage with the known names.
Replacement replacement_from_name(const std::string& name);

struct MaskedWeights {
  at::Tensor mean, variance;
};
MaskedWeights masked_weights(const at::Tensor& mean, const at::Tensor& variance,
                             const at::Tensor& mask, Replacement rule);

}  // namespace varphase
