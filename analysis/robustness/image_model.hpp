// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// A network, and by what the images that it is given are normalized: networks that see the same pixels may differ in it.
struct ImageModel {
  Network* network = nullptr;
  at::Tensor mean, inverse_std;  // as DeviceImages has them

  DeviceImages see(DeviceImages images) const {
    images.mean = mean;
    images.inverse_std = inverse_std;
    return images;
  }
};

/// Networks whose mean prediction counts; mostly one.
using ImageModels = std::vector<ImageModel>;

}  // namespace varphase
