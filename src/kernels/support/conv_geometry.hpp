// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace varphase {

/// Input [channels, height, width] and output [.., out_height, out_width] of a convolution with a square kernel. A
/// dense layer is a convolution of one place whose channels are its inputs.
struct ConvGeometry {
  std::int64_t channels = 0, height = 1, width = 1;
  std::int64_t kernel = 1, stride = 1, padding = 0, out_height = 1, out_width = 1;
};

}  // namespace varphase
