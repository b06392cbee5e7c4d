// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/png_writer.hpp"

#include <string_view>

#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"

#if VARPHASE_PNG
#include <cstdlib>
#include <memory>

#include <spng.h>
#endif

namespace varphase {

#if VARPHASE_PNG

namespace {

void check_written(int status) {
  if (status != 0)
    fail(status == SPNG_EMEM ? ErrorKind::device : ErrorKind::format, "libspng: {}",
         spng_strerror(status));
}

struct FreeBuffer {
  void operator()(void* buffer) const noexcept { std::free(buffer); }
};

}  // namespace

void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels,
               std::int64_t height, std::int64_t width, std::int64_t channels) {
  VARPHASE_CHECK((channels == 1 || channels == 3) &&
                     static_cast<std::int64_t>(pixels.size()) == height * width * channels,
                 ErrorKind::shape, "{} bytes for a picture of {}x{} in {} channels", pixels.size(),
                 height, width, channels);
  const std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)> png(spng_ctx_new(SPNG_CTX_ENCODER),
                                                                spng_ctx_free);
  VARPHASE_CHECK(png != nullptr, ErrorKind::device, "libspng has no memory");
  check_written(spng_set_option(png.get(), SPNG_ENCODE_TO_BUFFER, 1));
  spng_ihdr header{};
  header.width = static_cast<std::uint32_t>(width);
  header.height = static_cast<std::uint32_t>(height);
  header.bit_depth = 8;
  header.color_type = channels == 1 ? SPNG_COLOR_TYPE_GRAYSCALE : SPNG_COLOR_TYPE_TRUECOLOR;
  check_written(spng_set_ihdr(png.get(), &header));
  check_written(spng_encode_image(png.get(), pixels.data(), pixels.size(), SPNG_FMT_PNG,
                                  SPNG_ENCODE_FINALIZE));
  std::size_t size = 0;
  int status = 0;
  const std::unique_ptr<void, FreeBuffer> bytes(spng_get_png_buffer(png.get(), &size, &status));
  check_written(status);
  write_text_atomically(path, {static_cast<const char*>(bytes.get()), size});
}

#else

void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> /*pixels*/,
               std::int64_t /*height*/, std::int64_t /*width*/, std::int64_t /*channels*/) {
  fail(ErrorKind::unsupported, "{}: this build has no libspng, which writes PNG files",
       path.string());
}

#endif

}  // namespace varphase
