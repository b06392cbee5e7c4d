// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/read_limits.hpp"

namespace varphase {

struct ImageHeader {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;  // 1 grey, 3 red, green, blue

  bool operator==(const ImageHeader&) const = default;
  std::size_t bytes() const { return static_cast<std::size_t>(height * width * channels); }
};

/// One compressed image, turned the way its EXIF orientation says. Anybody may have made the bytes: whatever a library
/// finds wrong becomes an Error without the file's name, of kind format where they are damaged, unsupported where they
/// are sound but of a kind that is not read.
class ImageDecoder {
 public:
  virtual ~ImageDecoder() = default;
  /// Size and colour, before any memory for pixels is taken.
  ImageHeader header();
  /// To be called after header(). Throws also where the library only warns that it made up pixels.
  /// @param out  [channels, height, width]
  void decode(std::uint8_t* out);

 protected:
  /// Size and colour as the file has them, before turning. Sets orientation_.
  virtual ImageHeader read_header() = 0;
  virtual void read_pixels(std::uint8_t* out) = 0;
  int orientation_ = 1;  // EXIF's

 private:
  ImageHeader stored_;
};

/// A kind of image file.
struct ImageFormat {
  const char* name;
  std::vector<std::string> endings;  // lower case, with the dot
  std::string_view signature;        // its first bytes
  bool available;                    // whether this build has the library
  const char* package;               // Debian's, for the error where it has not
  std::unique_ptr<ImageDecoder> (*open)(std::span<const std::uint8_t> bytes,
                                        const ReadLimits& limits);
};

const std::vector<ImageFormat>& image_formats();

/// The format of a file by its name, in any case; null: no image.
const ImageFormat* image_format_of(std::string_view file_name);

/// A decoder by what the bytes are, whatever the file is called: many a .jpg is a PNG.
/// @param named  the format by the file's name, which the message names where the bytes are of no known format
/// @throws Error unsupported, format.
std::unique_ptr<ImageDecoder> open_image(std::span<const std::uint8_t> bytes,
                                         const ImageFormat& named, const ReadLimits& limits);

/// @throws Error unsupported where a header claims more pixels than are read.
void check_pixels(std::int64_t height, std::int64_t width, const ReadLimits& limits);

}  // namespace varphase
