// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "tests/analysis/striped_network.hpp"

namespace varphase {

/// The striped images in float32.
inline DeviceImages float_images() {
  DeviceImages images = striped_images();
  images.pixels = images.pixels.to(at::kFloat);
  return images;
}

}  // namespace varphase
