// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/layers/activation.hpp"
#include "src/kernels/support/where.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {

/// K members of a stochastic head in one pass, for G variants of it that share their noise:
///
///     z = phi(base[g] + spread[g] * eps_k),  p_k = softmax(V z + c),  log_p[g] = log (1/K) sum_k
///     p_k
///
/// The members are never stored; probabilities are averaged in log space, so a tiny one does not
/// vanish. Source: docs/math.md, "Estimators".
struct EnsembleHead {
  const float* base = nullptr;  // [G, N, J] = scale * (m - mean) + beta
  const float* spread =
      nullptr;  // [G / share, N, J] = scale * sd; `share` neighbouring variants use the same one
  std::int64_t variants = 1;  // G
  std::int64_t share = 1;
  std::int64_t rows = 0;          // N
  std::int64_t units = 0;         // J
  const float* weight = nullptr;  // V [C, J]
  const float* bias = nullptr;    // c [C], or null
  std::int64_t classes = 0;       // C
  Activation activation = Activation::softplus;
  float beta = 1;
  NoiseKey key;
  const std::int64_t* example = nullptr;  // [N]
  std::int64_t first_member = 0;
  std::int64_t members = 1;  // K
  float* log_p = nullptr;    // [G, N, C] overwritten
  float* member_entropy =
      nullptr;  // [N] overwritten: mean over members of the entropy of p_k in nats; G = 1, or null
};

/// Variants of one call at most: a kernel holds a running sum for each.
constexpr std::int64_t kEnsembleHeadVariants = 512;

/// Whether the fused kernel takes a head of that size; else the general path predicts.
bool ensemble_head_fits(std::int64_t units, std::int64_t classes, Where where);

void ensemble_head(const EnsembleHead& job, Where where);

namespace cuda {
void ensemble_head(const EnsembleHead& job, void* stream);
}

}  // namespace varphase
