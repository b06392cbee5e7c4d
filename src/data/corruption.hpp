// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/base/enum_names.hpp"
#include "src/data/dataset.hpp"

namespace varphase {

/// What can happen to images after a network was trained. Kinds and, where they are listed there, strengths are those
/// of Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations" (2019),
/// for images of 32 x 32 pixels; rotation and translation are ours.
enum class Corruption {
  gaussian_noise,
  shot_noise,
  gaussian_blur,
  rotation,
  translation,
  contrast,
  brightness,
  pixelation
};

/// "gaussian-noise", ...
const EnumNames<Corruption>& corruption_names();

inline constexpr int kCorruptionStrengths = 5;

/// How much of it a strength is, by kind:
///
///     gaussian-noise  standard deviation, share of the range      rotation     degrees, to either side
///     shot-noise      photons of a white pixel                    translation  share of the width, in one of 8 directions
///     gaussian-blur   standard deviation in pixels                contrast     what is left of a pixel's distance to the mean
///     pixelation      share of the width that is kept             brightness   added to the lightest channel, share of the range
///
/// @param strength 1 .. 5 @throws Error usage for another.
double corruption_amount(Corruption corruption, int strength);

/// The images with the corruption done to them, labels and numbers as they were. Bytes stay bytes, rounded; float32 is not
/// rounded. What is drawn is
/// keyed by the seed, the kind and an image's number, and is the same at every strength, so that a curve over strengths
/// shows the strength alone; it is computed on the host, and so the same bits whatever device predicts.
/// @param threads  0: one for each core
/// @throws Error usage for a strength that is none.
ImageSet corrupted(const ImageSet& images, Corruption corruption, int strength, std::uint64_t seed,
                   unsigned threads = 0);

}  // namespace varphase
