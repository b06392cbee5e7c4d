// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/png.hpp"

#include "src/base/error.hpp"

#if VARPHASE_PNG
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <spng.h>
#include <zlib.h>

#include "src/data/orientation.hpp"
#endif

namespace varphase {

#if VARPHASE_PNG

namespace {

constexpr std::uint32_t kMostSide = 1U << 20U;
constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";
constexpr std::size_t kHeaderBytes = 8, kChecksumBytes = 4;

void check(int status) {
  if (status == 0) return;
  fail(status == SPNG_EMEM ? ErrorKind::device : ErrorKind::format, "{}", spng_strerror(status));
}

class PngDecoder final : public ImageDecoder {
 public:
  PngDecoder(std::span<const std::uint8_t> bytes, const ReadLimits& limits)
      : bytes_(bytes), limits_(limits), png_(spng_ctx_new(0), spng_ctx_free) {}

 protected:
  ImageHeader read_header() override {
    VARPHASE_CHECK(png_ != nullptr, ErrorKind::device, "libspng has no memory");
    read_chunks();
    check(spng_set_image_limits(png_.get(), kMostSide, kMostSide));
    check(spng_set_png_buffer(png_.get(), critical_.data(), critical_.size()));
    check(spng_get_ihdr(png_.get(), &ihdr_));
    check_pixels(ihdr_.height, ihdr_.width, limits_);
    VARPHASE_CHECK(ihdr_.bit_depth <= 8, ErrorKind::unsupported,
                   "has {} bits a channel, at most 8 are read", int{ihdr_.bit_depth});
    const bool grey = ihdr_.color_type == SPNG_COLOR_TYPE_GRAYSCALE ||
                      ihdr_.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA;
    return {ihdr_.height, ihdr_.width, grey ? 1 : 3};
  }

  void read_pixels(std::uint8_t* out) override {
    const bool grey = ihdr_.color_type == SPNG_COLOR_TYPE_GRAYSCALE;
    const int format = grey ? SPNG_FMT_G8 : SPNG_FMT_PNG;  // fewer bits become 8, or as stored
    std::size_t size = 0;
    check(spng_decoded_image_size(png_.get(), format, &size));
    if (ihdr_.color_type == SPNG_COLOR_TYPE_INDEXED) check(spng_get_plte(png_.get(), &palette_));
    const std::size_t bytes = size / ihdr_.height, width = ihdr_.width;
    if (ihdr_.interlace_method == SPNG_INTERLACE_NONE) {
      const auto row = std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
      check(spng_decode_image(png_.get(), nullptr, 0, format, SPNG_DECODE_PROGRESSIVE));
      for (std::uint32_t y = 0; y < ihdr_.height; ++y) {
        const int status = spng_decode_row(png_.get(), row.get(), bytes);
        if (status != SPNG_EOI) check(status);
        place(row.get(), bytes, out + y * width);
      }
    } else {
      const auto rows = std::make_unique<std::uint8_t[]>(size);  // libspng wants zeros here
      check(spng_decode_image(png_.get(), rows.get(), size, format, 0));
      for (std::uint32_t y = 0; y < ihdr_.height; ++y)
        place(rows.get() + y * bytes, bytes, out + y * width);
    }
    check(spng_decode_chunks(png_.get()));  // up to the last
  }

 private:
  /// A row as it is stored. @param out its first pixel in the first channel's plane
  void place(const std::uint8_t* row, std::size_t bytes, std::uint8_t* out) {
    if (ihdr_.color_type == SPNG_COLOR_TYPE_INDEXED) return look_up_colours(row, out);
    const std::size_t samples = bytes / ihdr_.width;
    const std::size_t channels = samples < 3 ? 1 : 3;  // alpha, which may follow, is left out
    const std::size_t plane = std::size_t{ihdr_.height} * ihdr_.width;
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t x = 0; x < ihdr_.width; ++x) out[c * plane + x] = row[x * samples + c];
    }
  }

  /// Looks through the chunks: libspng is given the critical ones alone, for it refuses pictures
  /// whose texts and profiles, which nobody reads here, are long or many. eXIf may stand anywhere.
  void read_chunks() {
    constexpr unsigned kAncillary = 0x20;
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
    VARPHASE_CHECK(text.starts_with(kSignature), ErrorKind::format, "is no PNG file");
    critical_.reserve(bytes_.size());
    critical_.assign(kSignature.begin(), kSignature.end());
    std::size_t at = kSignature.size();
    bool oriented = false;  // the first one counts
    for (std::string_view type; type != "IEND";) {
      const auto chunk = bytes_.subspan(at);
      VARPHASE_CHECK(chunk.size() >= kHeaderBytes, ErrorKind::format,
                     "is truncated: it has no last chunk");
      const std::size_t length = big_endian(chunk.data());
      const std::size_t left = chunk.size() - kHeaderBytes;
      VARPHASE_CHECK(length + kChecksumBytes <= left, ErrorKind::format,
                     "is truncated: a chunk of {} bytes, {} are left", length, left);
      type = {reinterpret_cast<const char*>(chunk.data()) + 4, 4};
      at += kHeaderBytes + length + kChecksumBytes;
      if ((chunk[4] & kAncillary) == 0) {
        critical_.insert(critical_.end(), chunk.begin(),
                         bytes_.begin() + static_cast<std::ptrdiff_t>(at));
        continue;
      }
      const std::uint8_t* checksum = chunk.data() + kHeaderBytes + length;
      VARPHASE_CHECK(::crc32_z(0, chunk.data() + 4, 4 + length) == big_endian(checksum),
                     ErrorKind::format, "a chunk of {} bytes has another checksum", length);
      if (type == "eXIf" && !std::exchange(oriented, true))
        orientation_ = exif_orientation(chunk.subspan(kHeaderBytes, length));
    }
  }

  static std::uint32_t big_endian(const std::uint8_t* bytes) {
    return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U |
           std::uint32_t{bytes[2]} << 8U | bytes[3];
  }

  /// By ourselves: libspng would make a colour up for an index that has none.
  void look_up_colours(const std::uint8_t* row, std::uint8_t* out) {
    const std::size_t plane = std::size_t{ihdr_.height} * ihdr_.width;
    const unsigned depth = ihdr_.bit_depth, per_byte = 8 / depth;
    for (std::size_t x = 0; x < ihdr_.width; ++x) {
      const std::size_t shift = 8 - depth - x % per_byte * depth;
      const unsigned index = row[x / per_byte] >> shift & ((1U << depth) - 1);
      VARPHASE_CHECK(index < palette_.n_entries, ErrorKind::format,
                     "a pixel has colour {} of a palette of {}", index, +palette_.n_entries);
      const spng_plte_entry& colour = palette_.entries[index];
      out[x] = colour.red;
      out[plane + x] = colour.green;
      out[2 * plane + x] = colour.blue;
    }
  }

  std::span<const std::uint8_t> bytes_;
  ReadLimits limits_;
  std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> png_;
  std::vector<std::uint8_t> critical_;  // the signature and the chunks that libspng reads
  spng_ihdr ihdr_{};
  spng_plte palette_{};
};

}  // namespace

std::unique_ptr<ImageDecoder> open_png(std::span<const std::uint8_t> bytes,
                                       const ReadLimits& limits) {
  return std::make_unique<PngDecoder>(bytes, limits);
}

#else

std::unique_ptr<ImageDecoder> open_png(std::span<const std::uint8_t>, const ReadLimits&) {
  fail(ErrorKind::unsupported, "this build of varphase reads no PNG files");
}

#endif

}  // namespace varphase
