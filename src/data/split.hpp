// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "src/data/dataset.hpp"

namespace varphase {

/// Two sets of positions that share none and together are 0 .. count-1, each ascending.
struct SplitPositions {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
};

/// Holds out floor(share * count) positions: the last ones of a fixed pseudo-random order of 0 .. count-1. The order
/// depends on nothing but the positions, so a larger share holds out what a smaller one does and more.
/// @param share 0 <= share < 1, read as the decimal number it was typed as: 0.29 of 100 is 29.
/// @throws Error usage where share is out of range or one of two wanted parts would be empty.
SplitPositions split_positions(std::int64_t count, double share);

/// The images at the given positions of `set`, with their labels and their index in the source.
ImageSet select_images(const ImageSet& set, std::span<const std::int64_t> positions);

/// Keeps the first `limit` images; 0 or more than there are keeps all.
/// @throws Error usage where limit is negative.
void limit_images(ImageSet& set, std::int64_t limit);

}  // namespace varphase
