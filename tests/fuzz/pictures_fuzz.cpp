// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// PNG and JPEG files.
#include <vector>

#include "src/data/image_format.hpp"
#include "tests/fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace varphase;
  test::reads([&] {
    const ImageFormat& named = *image_format_of(size > 0 && data[0] == 0x89 ? "x.png" : "x.jpg");
    const ReadLimits limits;
    const auto decode = [&] {
      const std::unique_ptr<ImageDecoder> decoder =
          open_image(std::span(data, size), named, limits);
      const ImageHeader header = decoder->header();
      test::must(header.height > 0 && header.width > 0 &&
                 (header.channels == 1 || header.channels == 3));
      // An image of millions of pixels takes seconds with these tools behind each access.
      constexpr std::size_t kMost = std::size_t{1} << 20U;
      std::vector<std::uint8_t> pixels(std::min(header.bytes(), kMost));
      if (header.bytes() <= kMost) decoder->decode(pixels.data());
      return pixels;
    };
    test::must(decode() == decode());  // nothing of the memory before
  });
  return 0;
}
