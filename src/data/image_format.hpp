// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace varphase {

/// No image of more pixels is decoded: a header of a few bytes can claim four thousand millions.
inline constexpr std::int64_t kMostImagePixels = std::int64_t{1} << 26U;

struct ImageHeader {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;  // 1 grey, 3 red, green, blue
};

/// One compressed image. The bytes are hostile: whatever a library finds wrong becomes an Error
/// format that says what, without the file's name.
class ImageDecoder {
 public:
  virtual ~ImageDecoder() = default;
  /// Size and colour, before any memory for pixels is taken.
  virtual ImageHeader header() = 0;
  /// After header(). @param out [channels, height, width]
  /// Also throws where the library only warns that data are missing or damaged.
  virtual void decode(std::uint8_t* out) = 0;
};

/// A kind of image file, known by the ending of its name.
struct ImageFormat {
  const char* name;
  std::vector<std::string> endings;  // lower case, with the dot
  bool available;                    // whether this build has the library
  const char* package;               // Debian's, for the error where it has not
  std::unique_ptr<ImageDecoder> (*open)(std::span<const std::uint8_t> bytes);
};

const std::vector<ImageFormat>& image_formats();

/// The format of a file by its name, in any case; null: no image.
const ImageFormat* image_format_of(std::string_view file_name);

}  // namespace varphase
