// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/jpeg.hpp"

#include "src/base/error.hpp"

#if VARPHASE_JPEG
#include <csetjmp>
#include <cstdio>  // jpeglib.h uses FILE

#include <jpeglib.h>
#endif

namespace varphase {

#if VARPHASE_JPEG

namespace {

// A progressive file of a few bytes a scan could keep a core busy for hours.
constexpr int kMostScans = 500;

class JpegDecoder final : public ImageDecoder {
 public:
  explicit JpegDecoder(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    decompress_.err = jpeg_std_error(&errors_);
    decompress_.client_data = this;
    errors_.error_exit = on_error;
    errors_.emit_message = on_message;
    errors_.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = on_progress;
  }
  ~JpegDecoder() override {
    if (created_) jpeg_destroy_decompress(&decompress_);
  }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  ImageHeader header() override {
    // No object with a destructor lives in a function that libjpeg may leave by longjmp.
    if (setjmp(jump_) != 0) fail(ErrorKind::format, "{}", message_);
    read_header();
    const auto height = static_cast<std::int64_t>(decompress_.image_height);
    const auto width = static_cast<std::int64_t>(decompress_.image_width);
    VARPHASE_CHECK(height > 0 && width > 0 && height * width <= kMostImagePixels, ErrorKind::format,
                   "claims {} x {} pixels, at most {} are read", height, width, kMostImagePixels);
    const J_COLOR_SPACE space = decompress_.jpeg_color_space;
    VARPHASE_CHECK(space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB,
                   ErrorKind::format, "has {} colour components that are neither grey nor RGB",
                   decompress_.num_components);
    decompress_.out_color_space = space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    return {height, width, space == JCS_GRAYSCALE ? 1 : 3};
  }

  void decode(std::uint8_t* out) override {
    row_.resize(std::size_t{decompress_.image_width} * 3);
    if (setjmp(jump_) != 0) fail(ErrorKind::format, "{}", message_);
    read_pixels(out);
    if (errors_.num_warnings > 0) fail(ErrorKind::format, "{}", message_);
  }

 private:
  void read_header() {
    jpeg_create_decompress(&decompress_);
    created_ = true;
    jpeg_mem_src(&decompress_, bytes_.data(), static_cast<unsigned long>(bytes_.size()));
    jpeg_read_header(&decompress_, TRUE);
    decompress_.progress = &progress_;
  }

  void read_pixels(std::uint8_t* out) {
    jpeg_start_decompress(&decompress_);
    const std::size_t width = decompress_.output_width;
    const std::size_t plane = width * decompress_.output_height;
    while (decompress_.output_scanline < decompress_.output_height) {
      std::uint8_t* to = out + decompress_.output_scanline * width;
      if (decompress_.output_components == 1) {
        jpeg_read_scanlines(&decompress_, &to, 1);
        continue;
      }
      std::uint8_t* row = row_.data();
      jpeg_read_scanlines(&decompress_, &row, 1);
      for (std::size_t x = 0; x < width; ++x) {
        to[x] = row[3 * x];
        to[plane + x] = row[3 * x + 1];
        to[2 * plane + x] = row[3 * x + 2];
      }
    }
    jpeg_finish_decompress(&decompress_);
  }

  static JpegDecoder& self(j_common_ptr common) {
    return *static_cast<JpegDecoder*>(common->client_data);
  }
  [[noreturn]] static void on_error(j_common_ptr common) {
    JpegDecoder& decoder = self(common);
    common->err->format_message(common, decoder.message_);
    std::longjmp(decoder.jump_, 1);
  }
  /// Level -1 is a warning: libjpeg makes up what is missing or damaged and goes on. Its first
  /// words are kept.
  static void on_message(j_common_ptr common, int level) {
    if (level >= 0) return;
    if (common->err->num_warnings++ == 0)
      common->err->format_message(common, self(common).message_);
  }
  static void on_progress(j_common_ptr common) {
    JpegDecoder& decoder = self(common);
    if (decoder.decompress_.input_scan_number <= kMostScans) return;
    std::snprintf(decoder.message_, sizeof decoder.message_, "has more than %d scans", kMostScans);
    std::longjmp(decoder.jump_, 1);
  }

  std::span<const std::uint8_t> bytes_;
  jpeg_decompress_struct decompress_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  char message_[JMSG_LENGTH_MAX] = "";
  bool created_ = false;
  std::vector<std::uint8_t> row_;
};

}  // namespace

std::unique_ptr<ImageDecoder> open_jpeg(std::span<const std::uint8_t> bytes) {
  return std::make_unique<JpegDecoder>(bytes);
}

#else

std::unique_ptr<ImageDecoder> open_jpeg(std::span<const std::uint8_t>) {
  fail(ErrorKind::unsupported, "this build of varphase reads no JPEG files");
}

#endif

}  // namespace varphase
