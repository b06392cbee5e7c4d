// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/conv_geometry.hpp"
#include "src/noise/philox.hpp"

namespace varphase {

/// The rows and columns of a kernel that lie inside the input at one place of the output; no rows where the kernel
/// meets padding alone.
struct KernelWindow {
  std::int32_t y = 0, x = 0;  // where the kernel begins in the input; negative in the padding
  std::int32_t top = 0, bottom = 0, left = 0, right = 0;  // in the kernel, half-open

  VARPHASE_HOST_DEVICE KernelWindow(const ConvGeometry& g, std::int32_t place) {
    const auto kernel = static_cast<std::int32_t>(g.kernel);
    const auto height = static_cast<std::int32_t>(g.height),
               width = static_cast<std::int32_t>(g.width);
    const auto stride = static_cast<std::int32_t>(g.stride),
               across = static_cast<std::int32_t>(g.out_width);
    const auto padding = static_cast<std::int32_t>(g.padding);
    y = place / across * stride - padding;
    x = place % across * stride - padding;
    top = y < 0 ? -y : 0;
    left = x < 0 ? -x : 0;
    bottom = y + kernel > height ? height - y : kernel;
    right = x + kernel > width ? width - x : kernel;
    if (left >= right || bottom < top) bottom = top;
  }
};

}  // namespace varphase
