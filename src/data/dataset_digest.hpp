// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/data/dataset.hpp"

namespace varphase {

/// SHA-256 over, for train, then test, then validation where the set has its own: "<count> <channels> <height>
/// <width>\n", the pixels, the labels as 64-bit little-endian numbers.
std::string dataset_digest(const Dataset& dataset);

}  // namespace varphase
