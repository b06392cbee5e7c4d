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
///     z = phi(base[g] + spread[g] * eps_k)
///     p_k = softmax(V z + c)
///     log_p[g] = log (1/K) sum_k p_k
///
/// The members are never stored. Probabilities are averaged in log space, so that tiny ones do not vanish. Source:
/// docs/math.md, "Estimators".
struct EnsembleHead {
  const float* base = nullptr;  // [G, N, J] = scale * (m - mean) + beta
  /// [G / share, N, J] = scale * sd; `share` neighbouring variants use the same one
  const float* spread = nullptr;
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
  /// [N] overwritten: mean over members of the entropy of p_k in nats; G = 1, or null
  float* member_entropy = nullptr;
};

/// The most variants of one call: a kernel holds a running sum for each.
constexpr std::int64_t kEnsembleHeadVariants = 512;

/// Whether the fused kernel takes a head of that size; if not, members are predicted one by one.
bool ensemble_head_fits(std::int64_t units, std::int64_t classes, Where where);

void ensemble_head(const EnsembleHead& job, Where where);

namespace cuda {
void ensemble_head(const EnsembleHead& job, void* stream);
}

}  // namespace varphase
