// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "src/noise/noise_key.hpp"
#include "src/variance/parameterization.hpp"

namespace varphase {

/// Uniform numbers in (-bound, bound), float32, on the host; entry i is drawn with unit i of member `member`.
at::Tensor uniform_tensor(const Shape& shape, double bound, const NoiseKey& key,
                          std::uint32_t member);

}  // namespace varphase
