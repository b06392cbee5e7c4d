// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "analysis/robustness/attack_request.hpp"
#include "src/data/dataset.hpp"
#include "src/models/network.hpp"
#include "tools/bench/measured.hpp"

namespace varphase {

/// Ten steps of the targeted iterative fast sign, ten samples a step with new noise. What the images become is kept, their
/// judging is not timed.
Measured attack_case(Network& network, const ImageSet& images, at::Device device,
                     std::int64_t repeats, GradientPrecision precision);

}  // namespace varphase
