// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace varphase {

/// Independent +1 and -1 in the shape of `like` [N, ...], the same on every device and for any
/// chunk: -1 where the top bit of the unit's Philox word is set (stream probe, member = probe).
/// @param example int64 [N]
at::Tensor random_signs(const at::Tensor& like, const at::Tensor& example, std::uint64_t seed,
                        std::uint16_t layer, std::int64_t probe);

}  // namespace varphase
