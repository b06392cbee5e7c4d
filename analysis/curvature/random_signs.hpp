// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace varphase {

/// Independent random +1 and -1 in the shape of `like` [N, ...]: -1 where the top bit of the unit's Philox word is set
/// (noise stream probe, member = probe). The same on every device, however the images are split into chunks.
/// @param example  int64 [N], the images' numbers
at::Tensor random_signs(const at::Tensor& like, const at::Tensor& example, std::uint64_t seed,
                        std::uint16_t layer, std::int64_t probe);

}  // namespace varphase
