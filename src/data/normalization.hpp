// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "src/data/dataset.hpp"

namespace varphase {

/// Mean and standard deviation (1/N) of pixel / 255 by channel, over all images of a set. Of bytes the sums are
/// sums of whole numbers, so the order does not matter.
Normalization channel_statistics(const ImageSet& set);

/// Makes the networks' input of all three parts (pixel / 255 - mean) / deviation from now on.
/// @throws Error usage where the numbers of channels differ, a mean is not finite, or a deviation is not over 0 (a
///   channel whose pixels are all the same has no scale).
void normalize(Dataset& dataset, const Normalization& normalization);

}  // namespace varphase
