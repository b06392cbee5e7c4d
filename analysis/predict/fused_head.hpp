// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/models/head.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {

/// log (1/K) sum_k p_k for G variants of a head that share their noise, members never stored.
///
/// @param base [G, N, J] = scale * m + shift; @param spread [G / share, N, J] = scale * sd
/// @param example int64 [N]
/// @param member_entropy where not null and G = 1: given the mean over members of their entropies,
/// [N]
/// @return [G, N, C]
at::Tensor fused_log_probabilities(const HeadParts& head, const at::Tensor& base,
                                   const at::Tensor& spread, const NoiseKey& key,
                                   const at::Tensor& example, std::int64_t members,
                                   at::Tensor* member_entropy = nullptr);

/// sqrt(max(v, 0) + 1e-16), as the sampled forward has it.
at::Tensor output_sd(const at::Tensor& variance);

}  // namespace varphase
