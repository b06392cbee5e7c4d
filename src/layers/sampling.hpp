// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "src/layers/forward.hpp"

namespace varphase {

/// Whether a [N, C, H, W] tensor lies in memory as [N, H, W, C].
bool lies_channels_last(const at::Tensor& x);

/// b = m + eps * sqrt(max(v, 0) + 1e-16) with the noise of `how` for layer `number`; differentiable
/// in m and v. m, v: [N, C] or [N, C, H, W], float32. m may be undefined: zero.
at::Tensor sample_output(const at::Tensor& m, const at::Tensor& v, const Forward& how,
                         std::uint16_t number);

}  // namespace varphase
