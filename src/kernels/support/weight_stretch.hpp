// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/products/sparse_moments.hpp"
#include "src/kernels/support/kernel_window.hpp"

namespace varphase {

/// The kept weights of an output unit that meet the input within one row of its kernel.
struct WeightStretch {
  std::int32_t begin = 0, end = 0;  // entries of the pattern
  // what is added to a weight's column to get the place of its input in [height, width, channels]
  std::int64_t shift = 0;
};

VARPHASE_HOST_DEVICE WeightStretch weight_stretch(const SparseMoments& job,
                                                  const KernelWindow& window, std::int64_t unit,
                                                  std::int32_t row) {
  const ConvGeometry& g = job.geometry;
  const std::int32_t* const from = job.indptr + (unit * g.kernel + row) * g.kernel;
  return {from[window.left], from[window.right],
          ((window.y + row) * g.width + window.x - row * g.kernel) * g.channels};
}

}  // namespace varphase
