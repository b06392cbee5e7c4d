// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/layers/crop_flip.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

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

namespace cuda {
void gather_images(const GatherImages& job, void* stream);
}

}  // namespace varphase
