// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/data/dataset_files.hpp"

namespace varphase {

/// How images lie in an array of unsigned bytes: [N, H, W], [N, C, H, W] or [N, H, W, C].
struct ArrayImageLayout {
  std::int64_t count = 0;
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool channels_last = false;
};

/// Which of the last two it is says the attribute `layout` ("NCHW", "NHWC"), or where 1 or 3
/// channels stand.
/// @param path names the file @param help ends the message where type or rank are not images'
/// @throws Error format; usage where there are no images.
ArrayImageLayout array_image_layout(const std::string& path, const ForeignArray& images,
                                    const std::string& help);

/// [n, H, W, C] as [n, C, H, W].
std::vector<std::uint8_t> channels_first(const std::vector<std::uint8_t>& from,
                                         const ArrayImageLayout& layout);

}  // namespace varphase
