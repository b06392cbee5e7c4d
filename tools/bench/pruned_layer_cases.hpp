// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "tools/bench/measured.hpp"

namespace varphase {

/// sparse-moments (the 800 x 500 layer of LeNet-5) and sparse-convolution (the VGG-like network's
/// last three): both moments with few weights left, by each form and by the one that ExecutedLayer
/// takes. `seconds` are of the last at 98 % zeros and the most images.
std::vector<std::string> pruned_layer_cases();
Measured pruned_layer_case(const std::string& name, at::Device device, std::int64_t repeats);

}  // namespace varphase
