// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/data/dataset.hpp"

namespace varphase {

/// A point's coordinate as it lies in a byte: coordinates from kFourGaussiansLeast on, steps of kFourGaussiansStep.
inline constexpr double kFourGaussiansLeast = -1, kFourGaussiansStep = 15.0 / 255;

/// The toy problem of the paper's authors: 500 points each of four unit Gaussians around (3, 3), (3, 10), (10, 3) and
/// (10, 10), labels 0..3 in turn, as images of 1 x 2 pixels.
///
/// A point of a split depends on (split, number) alone and on no seed. Each coordinate is a sum of twelve uniform
/// numbers, which only adds, so that every machine draws the same bytes.
/// @param split train or test: their points differ.
ImageSet draw_four_gaussians(Split split);

}  // namespace varphase
