// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/trunk.hpp"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include "src/torch/numerics.hpp"

namespace varphase {

std::int64_t chunk_images(const Network& network, at::Device device) {
  std::int64_t largest = element_count(network.input());
  for (const Layer* layer : network.modules())
    largest = std::max(largest, element_count(layer->output_shape()));
  const std::int64_t budget = device.is_cuda() ? 1LL << 30 : 96LL << 20;
  return std::clamp<std::int64_t>(budget / (largest * static_cast<std::int64_t>(sizeof(float))), 1,
                                  device.is_cuda() ? 20000 : 2000);
}

at::Tensor trunk_features(Network& network, const DeviceImages& images, std::size_t last,
                          std::int64_t first, std::int64_t count) {
  const at::NoGradGuard no_gradients;
  const IeeeFloat32 ieee;
  const ImageBatch batch = slice_batch(images, first, count);
  return network.forward_range(batch.images, Forward{}, 0, last).flatten(1);
}

at::Tensor all_trunk_features(Network& network, const DeviceImages& images, std::size_t last) {
  std::vector<at::Tensor> parts;
  const std::int64_t chunk = chunk_images(network, images.pixels.device());
  for (std::int64_t first = 0; first < images.count(); first += chunk) {
    parts.push_back(
        trunk_features(network, images, last, first, std::min(chunk, images.count() - first)));
  }
  return at::cat(parts);
}

}  // namespace varphase
