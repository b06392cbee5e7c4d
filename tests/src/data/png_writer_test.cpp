// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/png_writer.hpp"

#include <vector>

#include <gtest/gtest.h>
#include <png.h>

#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace varphase::test {
namespace {

TEST(PngWriter, WritesWhatLibpngReads) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "a.png";
  for (const std::int64_t channels : {1, 3}) {
    std::vector<std::uint8_t> pixels;
    for (std::int64_t i = 0; i < 5 * 7 * channels; ++i)
      pixels.push_back(static_cast<std::uint8_t>(i * 37 % 256));
    write_png(path, pixels, 5, 7, channels);
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    ASSERT_NE(png_image_begin_read_from_file(&image, path.c_str()), 0) << image.message;
    EXPECT_EQ(image.height, 5U);
    EXPECT_EQ(image.width, 7U);
    EXPECT_EQ(image.format, channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB);
    std::vector<std::uint8_t> read(PNG_IMAGE_SIZE(image));
    ASSERT_NE(png_image_finish_read(&image, nullptr, read.data(), 0, nullptr), 0) << image.message;
    EXPECT_EQ(read, pixels);
  }
}

TEST(PngWriter, WantsAllPixels) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_png(folder / "a.png", std::vector<std::uint8_t>(34), 5, 7, 1), Error);
  EXPECT_THROW(write_png(folder / "a.png", std::vector<std::uint8_t>(70), 5, 7, 2), Error);
}

}  // namespace
}  // namespace varphase::test
