// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/conv_geometry.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// A convolution's input gradient, from the product of upstream gradient and weights:
///
///     out[r,c,y,x] = sum over kernel cells (u, v) and positions (p, q) that meet (y, x) of
///                    columns[r, p out_width + q, (c kernel + u) kernel + v]
template <class T>
struct FoldColumns {
  const T* columns = nullptr;  // [rows, out_height out_width, C kernel kernel]
  std::int64_t rows = 0;
  ConvGeometry conv;
  T* out = nullptr;  // [rows, C, H, W] overwritten
};

template <class T>
void fold_columns(const FoldColumns<T>& job, Where where);

namespace cuda {
template <class T>
void fold_columns(const FoldColumns<T>& job, void* stream);
}

}  // namespace varphase
