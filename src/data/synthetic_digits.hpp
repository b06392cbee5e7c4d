// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/data/dataset.hpp"

namespace varphase {

inline constexpr std::int64_t kSyntheticTrainImages = 6000;
inline constexpr std::int64_t kSyntheticTestImages = 1000;

/// Draws handwriting-like digits, 28 x 28, one channel, labels 0..9 in turn: for tests, and for machines with no data.
///
/// Image i of a split depends on (split, i) alone and on no seed. Only additions, products, quotients and square roots
/// of float64 are used, so that every machine draws the same bytes.
/// @param split train or test: their images differ.
ImageSet draw_synthetic_digits(Split split, std::int64_t count);

}  // namespace varphase
