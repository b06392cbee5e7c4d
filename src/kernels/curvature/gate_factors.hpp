// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/where.hpp"

namespace varphase {

/// Pulls F vectors of each image back through activations, batch norms and pools at once; only a pool's winners have a
/// multiplier other than 0:
///
///     out[n,f,c,y,x] = v[n,f,c,y/window,x/window] multiplier[n,c,y,x]
///
/// Rows and columns that belong to no window get 0.
template <class T>
struct GateFactors {
  const T* v = nullptr;           // [N, F, C, H / window, W / window]
  const T* multiplier = nullptr;  // [N, C, H, W]; [C, H, W] where it is shared
  bool shared = false;
  std::int64_t images = 0, factors = 0, channels = 0, height = 1, width = 1, window = 1;
  T* out = nullptr;  // [N, F, C, H, W] overwritten
};

template <class T>
void gate_factors(const GateFactors<T>& job, Where where);

namespace cuda {
template <class T>
void gate_factors(const GateFactors<T>& job, void* stream);
}

}  // namespace varphase
