// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/image_format.hpp"

#include <algorithm>
#include <array>

#include "src/base/error.hpp"
#include "src/data/jpeg.hpp"
#include "src/data/orientation.hpp"
#include "src/data/png.hpp"

namespace varphase {
namespace {

using namespace std::string_view_literals;

/// Kinds that are found under the names of others.
struct ForeignKind {
  const char* name;
  std::size_t at;
  std::string_view signature;
};
constexpr std::array<ForeignKind, 8> kForeignKinds{{{"GIF", 0, "GIF8"sv},
                                                    {"WebP", 8, "WEBP"sv},
                                                    {"BMP", 0, "BM"sv},
                                                    {"TIFF", 0, "II*\0"sv},
                                                    {"TIFF", 0, "MM\0*"sv},
                                                    {"HEIF or AVIF", 4, "ftyp"sv},
                                                    {"JPEG XL", 0, "\xff\x0a"sv},
                                                    {"JPEG 2000", 4, "jP  "sv}}};

}  // namespace

ImageHeader ImageDecoder::header() {
  stored_ = read_header();
  return turned(stored_, orientation_);
}

void ImageDecoder::decode(std::uint8_t* out) {
  if (orientation_ == 1) {
    read_pixels(out);
    return;
  }
  std::vector<std::uint8_t> lying(stored_.bytes());
  read_pixels(lying.data());
  turn(lying.data(), stored_, orientation_, out);
}

const std::vector<ImageFormat>& image_formats() {
  static const std::vector<ImageFormat> formats{
      {"JPEG", {".jpg", ".jpeg"}, "\xff\xd8\xff"sv, kHasJpeg, "libjpeg-dev", open_jpeg},
      {"PNG", {".png"}, "\x89PNG\r\n\x1a\n"sv, kHasPng, "libspng-dev", open_png},
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

std::unique_ptr<ImageDecoder> open_image(std::span<const std::uint8_t> bytes,
                                         const ImageFormat& named, const ReadLimits& limits) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const ImageFormat& format : image_formats()) {
    if (text.starts_with(format.signature)) return format.open(bytes, limits);
  }
  for (const ForeignKind& kind : kForeignKinds) {
    VARPHASE_CHECK(
        text.size() < 16 || text.substr(kind.at, kind.signature.size()) != kind.signature,
        ErrorKind::unsupported, "is a {} file, JPEG and PNG are read", kind.name);
  }
  return named.open(bytes, limits);
}

void check_pixels(std::int64_t height, std::int64_t width, const ReadLimits& limits) {
  VARPHASE_CHECK(height > 0 && width > 0 && height <= limits.image_pixels / width,
                 ErrorKind::unsupported,
                 "claims {} x {} pixels, at most {} are read: --max-image-pixels", height, width,
                 limits.image_pixels);
}

}  // namespace varphase
