// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"
#include "tests/support/device.hpp"

namespace varphase {

/// Twelve images of 6 x 6 in three classes that can be told apart.
inline DeviceImages striped_images() {
  ImageSet set{1, 6, 6, {}, {}, {}};
  for (int n = 0; n < 12; ++n) {
    for (int i = 0; i < 36; ++i)
      set.pixels.push_back(static_cast<std::uint8_t>((n * 53 + i * (n % 3 + 1) * 17) % 256));
    set.labels.push_back(n % 3);
    set.index.push_back(n);
  }
  return to_device(set, Split::test, test_device());
}

/// A network for them. @param layers of its spec
inline Network network_of(const Json& layers) {
  Network network({{"input", {1, 6, 6}}, {"classes", 3}, {"layers", layers}});
  network.initialize(2);
  network.to(test_device());
  return network;
}

}  // namespace varphase
