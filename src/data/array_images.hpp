// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/data/dataset_files.hpp"

namespace varphase {

/// How images lie in an array of unsigned bytes or float32: [N, H, W], [N, C, H, W] or [N, H, W, C].
struct ArrayImageLayout {
  std::int64_t count = 0;
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool channels_last = false;
};

/// Finds out how the images of an array lie. Whether a four-dimensional array is [N, C, H, W] or [N, H, W, C] says its
/// attribute `layout` ("NCHW", "NHWC"), or else where an extent of 1 or 3 stands.
/// @param path  names the file in messages
/// @param help  ends the message where type or rank are not those of images
/// @throws Error format; usage where there are no images.
ArrayImageLayout array_image_layout(const std::string& path, const ForeignArray& images,
                                    const std::string& help);

/// Which range such an array's pixels have: of bytes 0 .. 255 always.
/// @param flag  what --pixel-range says
/// @throws Error usage, format as agreed_range; usage where bytes are said to be of 0 .. 1.
PixelRange array_pixel_range(const std::string& path, const ForeignArray& images, PixelRange flag);

/// Puts the images of an array into a set: channels first, 0 .. 255. @throws Error format as scale_pixels.
void take_array_images(const std::string& path, ForeignArray images, const ArrayImageLayout& layout,
                       PixelRange range, ImageSet& set);

}  // namespace varphase
