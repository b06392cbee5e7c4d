// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/bench/measured.hpp"

namespace varphase {

/// curvature-lenet (LeNet-5 with softplus throughout, every layer), curvature-vgg (the VGG-like
/// network with ReLU, every layer), curvature-3c3d and curvature-3c3d-ggn (BackPACK's network with
/// one sigmoid). Where `trace` is not empty, a Chrome trace of one repeat goes to that file.
/// Weights and images are the same function of their number on both sides.
std::vector<std::string> curvature_cases();
Measured curvature_case(const std::string& name, at::Device device, std::int64_t repeats,
                        std::int64_t images, const std::string& trace);

}  // namespace varphase
