// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "src/kernels/layers/activation.hpp"

namespace varphase {

/// Whether phi has kinks, and no second derivative beside them.
bool piecewise_linear(Activation activation);

/// phi(x) of any element type, differentiable twice.
at::Tensor activate(Activation activation, double beta, const at::Tensor& x);

}  // namespace varphase
