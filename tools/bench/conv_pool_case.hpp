// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "tools/bench/measured.hpp"

namespace varphase {

/// The fused convolution, activation and pooling at LeNet-5's two convolutions on one thread of the
/// CPU: seconds are of both over 1,000 images; detail.table has for each its operations a second
/// and their share of the core's multiply-add peak under instruction_set().
Measured conv_pool_case(std::int64_t repeats);

}  // namespace varphase
