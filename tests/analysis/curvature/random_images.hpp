// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/torch/device_images.hpp"
#include "tests/analysis/curvature/reference_diagonal.hpp"
#include "tests/support/device.hpp"

namespace varphase {

/// Random bytes of a network's input shape with random labels, numbered from 100.
inline DeviceImages random_images(const Network& network, std::int64_t count, int seed) {
  at::manual_seed(seed);
  const Shape& shape = network.input();
  DeviceImages images;
  images.pixels = at::randint(256, {count, shape[0] * shape[1] * shape[2]}, at::kByte);
  images.labels = at::randint(network.classes(), {count}, at::kLong);
  images.example = at::arange(100, 100 + count, at::kLong);
  for (at::Tensor* tensor : {&images.pixels, &images.labels, &images.example})
    *tensor = tensor->to(test_device());
  images.channels = shape[0];
  images.height = shape[1];
  images.width = shape[2];
  return images;
}

/// random_network in float32 where kernels run.
inline Network random_float_network(const Json& spec, int seed) {
  Network network = random_network(spec, seed);
  network.to(at::kFloat);
  network.to(test_device());
  return network;
}

/// A convolution, its batch norm and pool, another one, a dense layer, all curved, and a head;
/// small, since references take a pass a weight.
inline Json curved_spec() {
  return Json::parse(R"({"input": [1, 8, 8], "classes": 3, "layers": [
    {"variance_conv2d": {"out": 2, "kernel": 3}}, "batch_norm", "softplus", {"max_pool": 2},
    {"conv2d": {"out": 2, "kernel": 2}}, "tanh",
    {"variance_dense": {"out": 4}}, "batch_norm", "softplus", {"dense": {"out": 3}}]})");
}

}  // namespace varphase
