// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/conv_geometry.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// Rows of a convolution's Jacobian: out[r] is scale[r] times the derivative of output unit[r] by the input, which is 0
/// outside of the patch that the kernel covers.
template <class T>
struct UnitPatches {
  const T* weight = nullptr;           // [O, C, kernel, kernel]
  const std::int64_t* unit = nullptr;  // [rows], flat in [O, out_height, out_width]
  const T* scale = nullptr;            // [rows]
  std::int64_t rows = 0;
  ConvGeometry conv;
  T* out = nullptr;  // [rows, C, H, W] overwritten
};

template <class T>
void unit_patches(const UnitPatches<T>& job, Where where);

namespace cuda {
template <class T>
void unit_patches(const UnitPatches<T>& job, void* stream);
}

}  // namespace varphase
