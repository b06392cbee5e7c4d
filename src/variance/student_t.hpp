// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/variance/prior.hpp"

namespace varphase {

/// KL of each weight N(mean, variance) to a Student-t prior of scale 1 with nu degrees of freedom, with its gradient;
/// float32 or float64, elementwise. Paper, eqs. 25 to 27, with the constant that eq. 26 drops.
at::Tensor student_t_kl(const at::Tensor& mean, const at::Tensor& variance, double nu);

}  // namespace varphase
