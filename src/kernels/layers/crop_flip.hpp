// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/noise/noise_key.hpp"

namespace varphase {

/// Augmentation of training images: padding with black, a crop of the old size at a random place, and a mirror image
/// half of the time; one draw for each (epoch, example), from the stream `augmentation`. Source: docs/math.md,
/// "Augmentation".
struct CropFlip {
  bool on = false;
  std::int32_t padding = 0;             // pixels on every side
  NoiseKey key;                         // of the run's seed
  const std::int64_t* epoch = nullptr;  // [1]
};

/// What CropFlip does to one example: out[y, x] = in[y + dy, (flip ? width - 1 - x : x) + dx].
struct CropFlipDraw {
  std::int32_t dy, dx;  // -padding .. padding
  bool flip;
};

VARPHASE_HOST_DEVICE CropFlipDraw draw_crop_flip(const CropFlip& how, std::int64_t example) {
  const PhiloxBlock words = noise_block(how.key, static_cast<std::uint32_t>(example),
                                        static_cast<std::uint32_t>(*how.epoch), 0);
  const std::uint64_t places = 2 * static_cast<std::uint64_t>(how.padding) + 1;
  return {static_cast<std::int32_t>((words.x0 * places) >> 32U) - how.padding,
          static_cast<std::int32_t>((words.x1 * places) >> 32U) - how.padding,
          (words.x2 >> 31U) != 0};
}

}  // namespace varphase
