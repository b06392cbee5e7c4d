// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <cstdlib>

#include <jpeglib.h>
#include <png.h>

#include "tests/src/data/idx_files.hpp"

namespace varphase::test {

/// [height, width, channels] interleaved, as the libraries take them.
struct Picture {
  std::uint32_t height;
  std::uint32_t width;
  int channels;  // 1 grey, 3 RGB, 4 CMYK
  Bytes pixels;
};

/// Noise, so that no two pictures are alike.
inline Picture noise_picture(std::uint32_t height, std::uint32_t width, int channels,
                             std::uint32_t seed) {
  return {height, width, channels,
          some_pixels(std::size_t{height} * width * static_cast<std::size_t>(channels), seed)};
}

/// @param change  of libjpeg's settings, before it starts
template <class Change>
Bytes jpeg_of(const Picture& picture, const Change& change) {
  jpeg_compress_struct compress{};
  jpeg_error_mgr errors{};
  compress.err = jpeg_std_error(&errors);
  jpeg_create_compress(&compress);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&compress, &buffer, &size);
  compress.image_width = picture.width;
  compress.image_height = picture.height;
  compress.input_components = picture.channels;
  compress.in_color_space = picture.channels == 1   ? JCS_GRAYSCALE
                            : picture.channels == 4 ? JCS_CMYK
                                                    : JCS_RGB;
  jpeg_set_defaults(&compress);
  change(compress);
  jpeg_start_compress(&compress, TRUE);
  const std::size_t row = std::size_t{picture.width} * static_cast<std::size_t>(picture.channels);
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    auto* line = const_cast<std::uint8_t*>(picture.pixels.data() + y * row);
    jpeg_write_scanlines(&compress, &line, 1);
  }
  jpeg_finish_compress(&compress);
  Bytes bytes(buffer, buffer + size);
  jpeg_destroy_compress(&compress);
  std::free(buffer);
  return bytes;
}

inline Bytes jpeg_bytes(const Picture& picture, int quality = 90, bool progressive = false) {
  return jpeg_of(picture, [&](jpeg_compress_struct& compress) {
    jpeg_set_quality(&compress, quality, TRUE);
    if (progressive) jpeg_simple_progression(&compress);
  });
}

/// Eight bits a channel; `alpha` adds an opaque-to-clear ramp.
inline Bytes png_bytes(const Picture& picture, bool alpha = false, bool interlaced = false,
                       int depth = 8) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  Bytes bytes;
  png_set_write_fn(
      png, &bytes,
      [](png_structp to, png_bytep data, std::size_t count) {
        auto& out = *static_cast<Bytes*>(png_get_io_ptr(to));
        out.insert(out.end(), data, data + count);
      },
      nullptr);
  int type = picture.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB;
  if (alpha) type |= PNG_COLOR_MASK_ALPHA;
  png_set_IHDR(png, info, picture.width, picture.height, depth, type,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  const auto channels = static_cast<std::size_t>(picture.channels);
  const std::size_t wide = channels + (alpha ? 1 : 0);
  Bytes laid(std::size_t{picture.height} * picture.width * wide * (depth == 16 ? 2 : 1));
  if (depth == 8) {
    for (std::size_t i = 0; i < std::size_t{picture.height} * picture.width; ++i) {
      for (std::size_t c = 0; c < wide; ++c) {
        laid[i * wide + c] =
            c < channels ? picture.pixels[i * channels + c] : static_cast<std::uint8_t>(i * 7);
      }
    }
  }
  std::vector<png_bytep> rows;
  for (std::uint32_t y = 0; y < picture.height; ++y)
    rows.push_back(laid.data() + y * (laid.size() / picture.height));
  png_set_rows(png, info, rows.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

/// [channels, height, width] as the readers hold pictures; grey is repeated over `channels`.
inline Bytes planes(const Picture& picture, int channels) {
  Bytes out;
  const std::size_t count = std::size_t{picture.height} * picture.width;
  for (int c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(picture.pixels[i * static_cast<std::size_t>(picture.channels) +
                                   static_cast<std::size_t>(c % picture.channels)]);
    }
  }
  return out;
}

}  // namespace varphase::test
