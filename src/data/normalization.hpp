// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "src/data/dataset.hpp"

namespace varphase {

/// Mean and standard deviation of pixel / 255 by channel, over all images of a set. The sums are of
/// whole numbers, so the result depends on no order. Divided by the number of pixels.
Normalization channel_statistics(const ImageSet& set);

/// What the networks of all three parts are given from now on: (pixel / 255 - mean) / std.
/// @throws Error usage where the numbers of channels differ, a mean is not finite or a std not over
/// 0 (a channel of one value has no scale).
void normalize(Dataset& dataset, const Normalization& normalization);

}  // namespace varphase
