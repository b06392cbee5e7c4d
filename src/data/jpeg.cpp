// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/jpeg.hpp"

#include "src/base/error.hpp"

#if VARPHASE_JPEG
#include <algorithm>
#include <csetjmp>
#include <cstdio>  // jpeglib.h uses FILE
#include <cstring>

#include <jerror.h>
#include <jpeglib.h>

#include "src/data/orientation.hpp"
#endif

namespace varphase {

#if VARPHASE_JPEG

namespace {

// A progressive file of a few bytes a scan could keep a core busy for hours. Large images may have
// fewer scans than the limit says.
constexpr std::int64_t kPixelsAScan = std::int64_t{1} << 24U;

/// Warnings about something beside the pixels, which come out as the file has them.
bool leaves_pixels_alone(const jpeg_error_mgr& errors) {
  constexpr int kFirstRestart = 0xd0, kLastRestart = 0xd7;
  switch (errors.msg_code) {
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:     // read as YCbCr, as it is elsewhere
    case JWRN_NOT_SEQUENTIAL:  // fields of the scan header that a baseline image has no use for
#ifdef LIBJPEG_TURBO_VERSION
    case JWRN_BOGUS_ICC:
#endif
      return true;
    case JWRN_EXTRANEOUS_DATA: {
      // Behind all pixels of a scan; before a restart marker they are a part that was not decoded.
      const int marker = errors.msg_parm.i[1];
      return marker < kFirstRestart || marker > kLastRestart;
    }
    default:
      return false;
  }
}

/// Errors about kinds of JPEG that the library does not read.
bool is_unsupported(int code) {
  switch (code) {
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
      return true;
    default:
      return false;
  }
}

class JpegDecoder final : public ImageDecoder {
 public:
  JpegDecoder(std::span<const std::uint8_t> bytes, const ReadLimits& limits)
      : bytes_(bytes), limits_(limits) {
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

 protected:
  ImageHeader read_header() override {
    // No object with a destructor lives in a function that libjpeg may leave by longjmp.
    if (setjmp(jump_) != 0) fail(kind_, "{}", message_);
    parse_header();
    const auto height = static_cast<std::int64_t>(decompress_.image_height);
    const auto width = static_cast<std::int64_t>(decompress_.image_width);
    check_pixels(height, width, limits_);
    const J_COLOR_SPACE space = decompress_.jpeg_color_space;
    VARPHASE_CHECK(space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB,
                   ErrorKind::unsupported, "has {} colour components{}, grey and RGB are read",
                   decompress_.num_components,
                   space == JCS_CMYK || space == JCS_YCCK ? " (CMYK)" : "");
    decompress_.out_color_space = space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    orientation_ = find_orientation();
    return {height, width, space == JCS_GRAYSCALE ? 1 : 3};
  }

  void read_pixels(std::uint8_t* out) override {
    row_.resize(std::size_t{decompress_.image_width} * 3);
    if (setjmp(jump_) != 0) fail(kind_, "{}", message_);
    decompress(out);
  }

 private:
  void parse_header() {
    jpeg_create_decompress(&decompress_);
    created_ = true;
    jpeg_save_markers(&decompress_, kExifMarker, kMostMarkerBytes);
    jpeg_mem_src(&decompress_, bytes_.data(), static_cast<unsigned long>(bytes_.size()));
    jpeg_read_header(&decompress_, TRUE);
    decompress_.progress = &progress_;
  }

  int find_orientation() const {
    constexpr std::size_t kNameBytes = 6;
    for (const jpeg_marker_struct* marker = decompress_.marker_list; marker != nullptr;
         marker = marker->next) {
      if (marker->data_length > kNameBytes && std::memcmp(marker->data, "Exif\0", kNameBytes) == 0)
        return exif_orientation({marker->data + kNameBytes, marker->data_length - kNameBytes});
    }
    return 1;
  }

  void decompress(std::uint8_t* out) {
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
  [[noreturn]] static void give_up(j_common_ptr common, ErrorKind kind) {
    JpegDecoder& decoder = self(common);
    common->err->format_message(common, decoder.message_);
    decoder.kind_ = kind;
    std::longjmp(decoder.jump_, 1);
  }
  [[noreturn]] static void on_error(j_common_ptr common) {
    give_up(common,
            is_unsupported(common->err->msg_code) ? ErrorKind::unsupported : ErrorKind::format);
  }
  /// Level -1 is a warning: mostly, libjpeg makes up what is missing or damaged and goes on.
  static void on_message(j_common_ptr common, int level) {
    if (level < 0 && !leaves_pixels_alone(*common->err)) give_up(common, ErrorKind::format);
  }
  static void on_progress(j_common_ptr common) {
    JpegDecoder& decoder = self(common);
    const jpeg_decompress_struct& image = decoder.decompress_;
    const std::int64_t pixels = std::int64_t{image.image_height} * image.image_width;
    const std::int64_t most = std::min(
        decoder.limits_.jpeg_scans,
        static_cast<std::int64_t>(static_cast<double>(decoder.limits_.jpeg_scans) *
                                  static_cast<double>(kPixelsAScan) / static_cast<double>(pixels)));
    if (image.input_scan_number <= std::max<std::int64_t>(most, 1)) return;
    std::snprintf(decoder.message_, sizeof decoder.message_,
                  "has more than %d scans, which are not read: --max-jpeg-scans",
                  image.input_scan_number - 1);
    decoder.kind_ = ErrorKind::unsupported;
    std::longjmp(decoder.jump_, 1);
  }

  static constexpr int kExifMarker = JPEG_APP0 + 1;
  static constexpr unsigned kMostMarkerBytes = 0xffff;

  std::span<const std::uint8_t> bytes_;
  ReadLimits limits_;
  ErrorKind kind_ = ErrorKind::format;  // of message_
  jpeg_decompress_struct decompress_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  char message_[JMSG_LENGTH_MAX] = "";
  bool created_ = false;
  std::vector<std::uint8_t> row_;
};

}  // namespace

std::unique_ptr<ImageDecoder> open_jpeg(std::span<const std::uint8_t> bytes,
                                        const ReadLimits& limits) {
  return std::make_unique<JpegDecoder>(bytes, limits);
}

#else

std::unique_ptr<ImageDecoder> open_jpeg(std::span<const std::uint8_t>, const ReadLimits&) {
  fail(ErrorKind::unsupported, "this build of varphase reads no JPEG files");
}

#endif

}  // namespace varphase
