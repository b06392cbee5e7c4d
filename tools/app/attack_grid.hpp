// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "analysis/robustness/attack_outcome.hpp"

namespace varphase {

inline constexpr std::int64_t kMostGridImages = 12;

/// A picture of the first images: in three rows the images, the attacked ones, and their difference (grey where there
/// is none, black and white at the largest one of the image). Small images are enlarged by a whole number.
/// @param before  [N, C, H, W], the images as they were, 0 .. 255; outcome.pixels beside it
/// @throws Error unsupported for images of neither one nor three channels; as write_png.
void write_attack_grid(const std::filesystem::path& path, std::span<const float> before,
                       const AttackOutcome& outcome);

}  // namespace varphase
