// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/layers/sample_output.hpp"
#include "src/kernels/support/bfloat16.hpp"
#include "src/kernels/support/where.hpp"
#include "src/noise/normal.hpp"

namespace varphase {

/// What an activation is multiplied by: 0 or 1 / keep (dropout), or a normal number of mean 1 (Gaussian dropout).
struct NoiseFactor {
  bool gaussian = false;
  float scale = 1;              // 1 / keep; Gaussian: sqrt(alpha)
  std::uint64_t threshold = 0;  // keep iff a Philox word is below: floor(keep 2^32)
};

NoiseFactor dropout_factor(double keep);            // 0 < keep <= 1
NoiseFactor gaussian_dropout_factor(double alpha);  // variance of the factor, >= 0

/// The factors of the four units of a block.
VARPHASE_HOST_DEVICE void noise_factors(const NoiseFactor& kind, const PhiloxBlock& block,
                                        float* factors) {
  if (kind.gaussian) {
    const NormalPair first = normal_pair(block.x0, block.x1);
    const NormalPair second = normal_pair(block.x2, block.x3);
    factors[0] = ieee::fma(kind.scale, first.even, 1.0F);
    factors[1] = ieee::fma(kind.scale, first.odd, 1.0F);
    factors[2] = ieee::fma(kind.scale, second.even, 1.0F);
    factors[3] = ieee::fma(kind.scale, second.odd, 1.0F);
  } else {
    factors[0] = block.x0 < kind.threshold ? kind.scale : 0.0F;
    factors[1] = block.x1 < kind.threshold ? kind.scale : 0.0F;
    factors[2] = block.x2 < kind.threshold ? kind.scale : 0.0F;
    factors[3] = block.x3 < kind.threshold ? kind.scale : 0.0F;
  }
}

/// y = factor * x, elementwise. The factor is a function of key, row and unit alone, so the same call with an upstream
/// gradient as x is the backward pass. x and y are [N, C, P], or [N, P, C] where channels_last. Source: docs/math.md,
/// "Dropout".
/// @tparam T  float, or Bfloat16 (on a GPU alone)
template <class T>
struct MultiplyNoise {
  const T* x = nullptr;
  std::int64_t rows = 0, channels = 0, positions = 1;
  bool channels_last = false;
  NoiseFactor factor;
  NoiseKey key;
  NoiseRows noise;
  T* y = nullptr;
};

/// Defined for float and Bfloat16. @throws Error unsupported for Bfloat16 on a CPU.
template <class T>
void multiply_noise(const MultiplyNoise<T>& job, Where where);

namespace cuda {
template <class T>
void multiply_noise(const MultiplyNoise<T>& job, void* stream);
}  // namespace cuda

}  // namespace varphase
