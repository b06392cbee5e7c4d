// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/models/head.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {

/// log (1/K) sum_k p_k, the ensemble's log probabilities, for G variants of a head that share their noise; computed
/// without storing the members.
/// @param base  scale * m + shift, [G, N, J] @param spread  scale * sd, [G / share, N, J]
/// @param example  int64 [N] @param members  K, from number `first_member` on
/// @param member_entropy  where not null (and G = 1): is given the mean over members of their own entropy, [N]
/// @return [G, N, C]
at::Tensor fused_log_probabilities(const HeadParts& head, const at::Tensor& base,
                                   const at::Tensor& spread, const NoiseKey& key,
                                   const at::Tensor& example, std::int64_t members,
                                   at::Tensor* member_entropy = nullptr,
                                   std::int64_t first_member = 0);

/// sqrt(max(v, 0) + 1e-16), the standard deviation that the sampled forward pass uses.
at::Tensor output_sd(const at::Tensor& variance);

}  // namespace varphase
