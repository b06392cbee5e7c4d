// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/png.hpp"

#include "src/base/error.hpp"

#if VARPHASE_PNG
#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <png.h>

#include "src/data/orientation.hpp"
#endif

namespace varphase {

#if VARPHASE_PNG

namespace {

constexpr png_uint_32 kMostSide = 1U << 20U;
constexpr png_alloc_size_t kMostChunkBytes = 8U << 20U;  // of texts and profiles, inflated

class PngDecoder final : public ImageDecoder {
 public:
  PngDecoder(std::span<const std::uint8_t> bytes, const ReadLimits& limits)
      : bytes_(bytes), limits_(limits) {}
  ~PngDecoder() override { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

 protected:
  ImageHeader read_header() override {
    check_chunks();
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    VARPHASE_CHECK(info_ != nullptr, ErrorKind::device, "libpng has no memory");
    // No object with a destructor lives in a function that libpng may leave by longjmp.
    if (setjmp(png_jmpbuf(png_)) != 0) fail(ErrorKind::format, "{}", message_);
    parse_header();
    const auto height = static_cast<std::int64_t>(png_get_image_height(png_, info_));
    const auto width = static_cast<std::int64_t>(png_get_image_width(png_, info_));
    check_pixels(height, width, limits_);
    const int depth = png_get_bit_depth(png_, info_);
    VARPHASE_CHECK(depth <= 8, ErrorKind::unsupported, "has {} bits a channel, at most 8 are read",
                   depth);
    const bool grey =
        (png_get_color_type(png_, info_) & ~PNG_COLOR_MASK_ALPHA) == PNG_COLOR_TYPE_GRAY;
    header_ = {height, width, grey ? 1 : 3};
    orientation_ = find_orientation();
    return header_;
  }

  void read_pixels(std::uint8_t* out) override {
    const auto height = static_cast<std::size_t>(header_.height);
    const auto width = static_cast<std::size_t>(header_.width);
    const auto channels = static_cast<std::size_t>(header_.channels);
    const std::size_t row = width * channels;
    interleaved_.resize(height * row);
    rows_.resize(height);
    for (std::size_t y = 0; y < height; ++y) rows_[y] = interleaved_.data() + y * row;
    read_rows(row);
    for (std::size_t c = 0; c < channels; ++c) {
      for (std::size_t i = 0; i < height * width; ++i)
        out[c * height * width + i] = interleaved_[i * channels + c];
    }
  }

 private:
  /// Whether the chunk there is the last: what stands behind it is none of the image's.
  bool ends_at(std::size_t chunk) const {
    return std::memcmp(bytes_.data() + chunk + 4, "IEND", 4) == 0;
  }

  /// libpng tells of a chunk eXIf only once it has passed it, which may be behind the pixels.
  int find_orientation() const {
    constexpr std::size_t kSignatureBytes = 8, kFrameBytes = 12;
    for (std::size_t at = kSignatureBytes; bytes_.size() - at >= kFrameBytes;) {
      const std::size_t length = png_get_uint_32(bytes_.data() + at);
      if (length > bytes_.size() - at - kFrameBytes) break;
      if (std::memcmp(bytes_.data() + at + 4, "eXIf", 4) == 0)
        return exif_orientation(bytes_.subspan(at + 8, length));
      if (ends_at(at)) break;
      at += kFrameBytes + length;
    }
    return 1;
  }

  /// libpng takes memory for what a chunk says of its length; only warns where that is much.
  void check_chunks() const {
    constexpr std::size_t kSignatureBytes = 8, kHeaderBytes = 8, kChecksumBytes = 4;
    constexpr unsigned kAncillary = 0x20;
    for (std::size_t at = std::min(kSignatureBytes, bytes_.size());
         bytes_.size() - at >= kHeaderBytes;) {
      const std::size_t length = png_get_uint_32(bytes_.data() + at);
      const std::size_t left = bytes_.size() - at - kHeaderBytes;
      if (length + kChecksumBytes > left) {
        if ((bytes_[at + 4] & kAncillary) == 0) return;  // the pixels' own: libpng says it
        fail(ErrorKind::format, "is truncated: a chunk of {} bytes, {} are left", length, left);
      }
      if (ends_at(at)) return;
      at += kHeaderBytes + length + kChecksumBytes;
    }
  }

  void parse_header() {
    png_set_read_fn(png_, this, on_read);
    png_set_user_limits(png_, kMostSide, kMostSide);
    png_set_chunk_malloc_max(png_, kMostChunkBytes);
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(png_, info_);
  }

  void read_rows(std::size_t row) {
    if (setjmp(png_jmpbuf(png_)) != 0) fail(ErrorKind::format, "{}", message_);
    const bool palette = png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE;
    if (palette) png_set_packing(png_);
    if (!palette && png_get_bit_depth(png_, info_) < 8) png_set_expand_gray_1_2_4_to_8(png_);
    png_set_strip_alpha(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    const std::size_t wanted = palette ? row / 3 : row;
    if (png_get_rowbytes(png_, info_) != wanted) png_error(png_, "rows of another length");
    png_read_image(png_, rows_.data());
    png_read_end(png_, nullptr);
    if (palette) look_up_colours(row / 3);
  }

  /// In place, from the right: libpng would make a colour up for an index that has none.
  void look_up_colours(std::size_t width) {
    png_colorp colours = nullptr;
    int count = 0;
    png_get_PLTE(png_, info_, &colours, &count);
    for (png_bytep pixels : rows_) {
      for (std::size_t x = width; x-- > 0;) {
        const int index = pixels[x];
        if (index >= count)
          fail(ErrorKind::format, "a pixel has colour {} of a palette of {}", index, count);
        const png_color colour = colours[index];
        pixels[3 * x] = colour.red;
        pixels[3 * x + 1] = colour.green;
        pixels[3 * x + 2] = colour.blue;
      }
    }
  }

  static void on_read(png_structp png, png_bytep into, std::size_t count) {
    auto& decoder = *static_cast<PngDecoder*>(png_get_io_ptr(png));
    if (decoder.bytes_.size() - decoder.at_ < count) png_error(png, "truncated");
    std::memcpy(into, decoder.bytes_.data() + decoder.at_, count);
    decoder.at_ += count;
  }
  [[noreturn]] static void on_error(png_structp png, png_const_charp text) {
    auto& decoder = *static_cast<PngDecoder*>(png_get_error_ptr(png));
    std::snprintf(decoder.message_, sizeof decoder.message_, "%s", text);
    png_longjmp(png, 1);
  }
  // Of profiles and texts that nobody reads here; checksums are errors.
  static void on_warning(png_structp, png_const_charp) {}

  std::span<const std::uint8_t> bytes_;
  ReadLimits limits_;
  std::size_t at_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  ImageHeader header_;
  char message_[256] = "";
  std::vector<std::uint8_t> interleaved_;
  std::vector<png_bytep> rows_;
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
