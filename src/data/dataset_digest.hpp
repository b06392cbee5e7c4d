// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/data/dataset.hpp"

namespace varphase {

/// SHA-256 over the parts train, test and, where the set has its own, validation. Of each part these bytes are taken:
/// the text "<count> <channels> <height> <width>\n", the pixels (bytes, or float32 of
/// this machine's order), and the labels as 64-bit little-endian numbers.
std::string dataset_digest(const Dataset& dataset);

}  // namespace varphase
