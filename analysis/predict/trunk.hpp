// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// Output of layers 0 .. last - 1 for images first .. first + count - 1, flattened to [count, features]. Weights at
/// their means, batch norm in eval mode; float32, IEEE (no TF32).
at::Tensor trunk_features(Network& network, const DeviceImages& images, std::size_t last,
                          std::int64_t first, std::int64_t count);

/// trunk_features of a whole set, computed in chunks: [N, features].
at::Tensor all_trunk_features(Network& network, const DeviceImages& images, std::size_t last);

/// How many images to take at once so that the largest layer's output stays within 96 MiB on a CPU and 1 GiB on a GPU.
std::int64_t chunk_images(const Network& network, at::Device device);

}  // namespace varphase
