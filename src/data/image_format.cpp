// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_format.hpp"

#include <algorithm>

#include "src/data/jpeg.hpp"
#include "src/data/png.hpp"

namespace varphase {

const std::vector<ImageFormat>& image_formats() {
  static const std::vector<ImageFormat> formats{
      {"JPEG", {".jpg", ".jpeg"}, kHasJpeg, "libjpeg-dev", open_jpeg},
      {"PNG", {".png"}, kHasPng, "libpng-dev", open_png},
  };
  return formats;
}

const ImageFormat* image_format_of(std::string_view file_name) {
  std::string lower(file_name.substr(std::min(file_name.rfind('.'), file_name.size())));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const ImageFormat& format : image_formats()) {
    for (const std::string& ending : format.endings) {
      if (lower == ending) return &format;
    }
  }
  return nullptr;
}

}  // namespace varphase
