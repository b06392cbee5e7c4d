// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/layers/activation.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// The head above a variance layer: h = scale * b + shift (batch norm in eval mode), z = phi(h), logits = V z + c.
template <class T>
struct Head {
  const T* scale = nullptr;   // [J]
  const T* shift = nullptr;   // [J]
  const T* weight = nullptr;  // V [C, J]
  const T* bias = nullptr;    // c [C], or null
  std::int64_t units = 0;     // J
  std::int64_t classes = 0;   // C
  Activation activation = Activation::softplus;
  T beta = 1;
};

/// The diagonal of the Hessian of each image's negative log-likelihood with respect to the variance layer's output b:
///
///     out[n,j] = scale_j^2 (phi''(h) r + phi'(h)^2 q)
///     r = sum_c d_c V_cj
///     q = sum_c p_c V_cj^2 - (sum_c p_c V_cj)^2
///
/// with p the softmax and d = p - e_label. r and q are computed in forms that do not cancel where the network is sure
/// (V centred at the label's and at the top class's row). Source: docs/math.md, "Closed form of the head".
/// @param b  [N, J] @param labels  [N] @param out  [N, J] overwritten @param nll  [N] overwritten, or null
template <class T>
void output_curvature(const Head<T>& head, const T* b, const std::int64_t* labels,
                      std::int64_t rows, T* out, T* nll, Where where);

namespace cuda {
template <class T>
void output_curvature(const Head<T>& head, const T* b, const std::int64_t* labels,
                      std::int64_t rows, T* out, T* nll, void* stream);
}

}  // namespace varphase
