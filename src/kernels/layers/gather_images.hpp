// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/where.hpp"
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

/// One batch out of a set that stays in bytes, and its labels:
///
///   out[n, c, y, x] = (pixels[rows[n], c, y', x'] / 255 - mean[c]) * inverse_std[c]
///
/// where (y', x') = (y, x), or where CropFlip takes them; outside of the image a pixel is 0 before the mean is taken
/// off. The same bits on any device and at any batch size.
///
/// @param order  [.] positions of images in visiting order
/// @param step   [1] or null: the batch starts at order[*step * batch]; null: at order[0]
/// @param out    [batch, size]; @param labels_out [batch]; @param examples_out [batch] = example[rows[n]]
struct GatherImages {
  const std::uint8_t* pixels = nullptr;   // [count, size]
  const std::int64_t* labels = nullptr;   // [count]
  const std::int64_t* example = nullptr;  // [count] index in the source file
  const std::int64_t* order = nullptr;
  const std::int64_t* step = nullptr;
  std::int64_t batch = 0;
  std::int64_t size = 0;  // channels * height * width
  float* out = nullptr;
  std::int64_t* labels_out = nullptr;
  std::int64_t* examples_out = nullptr;
  std::int32_t height = 0, width = 0;  // read where there is a mean or a crop
  const float* mean = nullptr;         // [channels] or null: pixel / 255 alone
  const float* inverse_std = nullptr;  // [channels], with mean
  CropFlip crop_flip;
};

void gather_images(const GatherImages& job, Where where);

constexpr float kPixelUnit = 1.0F / 255.0F;  // of one level of a byte

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

namespace cuda {
void gather_images(const GatherImages& job, void* stream);
}

}  // namespace varphase
