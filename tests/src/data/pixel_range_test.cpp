// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/pixel_range.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/error.hpp"
#include "src/data/normalization.hpp"
#include "src/data/split.hpp"

namespace varphase {
namespace {

using testing::HasSubstr;

TEST(PixelRange, BytesThatWereDividedBy255ComeBackExactly) {
  std::vector<float> unit, bytes;
  for (int value = 0; value < 256; ++value) {
    unit.push_back(static_cast<float>(value) / 255.0F);
    bytes.push_back(static_cast<float>(value));
  }
  scale_pixels(unit, PixelRange::unit, 16, "x");
  EXPECT_EQ(unit, bytes);
  std::vector<float> kept{0.1F, 254.99999F};
  const std::vector<float> before = kept;
  scale_pixels(kept, PixelRange::bytes, 1, "x");
  EXPECT_EQ(kept, before);
}

TEST(PixelRange, WhatLiesBeyondIsNamed) {
  const auto message = [](float pixel, PixelRange range) -> std::string {
    std::vector<float> pixels{0, 0, 0, 0, pixel};
    try {
      scale_pixels(pixels, range, 2, "set.h5: images");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::format);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message(1.5F, PixelRange::unit),
              HasSubstr("set.h5: images: image 2 has a pixel of 1.5"));
  EXPECT_EQ(message(1.5F, PixelRange::bytes), "");
  for (const float pixel : {-1e-6F, 255.01F, std::numeric_limits<float>::infinity(), std::nanf("")})
    EXPECT_THAT(message(pixel, PixelRange::bytes), HasSubstr("image 2"));
}

TEST(PixelRange, IsStatedOnce) {
  EXPECT_EQ(agreed_range("", PixelRange::unit, "x"), PixelRange::unit);
  EXPECT_EQ(agreed_range("0..255", PixelRange::unstated, "x"), PixelRange::bytes);
  EXPECT_EQ(agreed_range("0..1", PixelRange::unit, "x"), PixelRange::unit);
  EXPECT_THROW(agreed_range("", PixelRange::unstated, "x"), Error);
  EXPECT_THROW(agreed_range("0..1", PixelRange::bytes, "x"), Error);
  EXPECT_THROW(agreed_range("none", PixelRange::unstated, "x"), Error);
}

/// By pixel / 255 = 0, 0.25, 0.5, 1 in one channel and 0.5 in the other.
TEST(FloatImages, AreMeasuredAndChosenAsTheyAre) {
  ImageSet set;
  set.channels = 2;
  set.height = 1;
  set.width = 2;
  set.reals = {0, 63.75F, 127.5F, 127.5F, 127.5F, 255, 127.5F, 127.5F};
  set.labels = {3, 4};
  set.index = {7, 9};
  const Normalization found = channel_statistics(set);
  EXPECT_DOUBLE_EQ(found.mean[0], 0.4375);
  EXPECT_NEAR(found.deviation[0], std::sqrt((0.0 + 0.0625 + 0.25 + 1) / 4 - 0.4375 * 0.4375),
              1e-15);
  EXPECT_DOUBLE_EQ(found.mean[1], 0.5);
  EXPECT_DOUBLE_EQ(found.deviation[1], 0);
  const ImageSet chosen = select_images(set, std::vector<std::int64_t>{1});
  EXPECT_EQ(chosen.reals, (std::vector<float>{127.5F, 255, 127.5F, 127.5F}));
  EXPECT_EQ(chosen.index, (std::vector<std::int64_t>{9}));
  limit_images(set, 1);
  EXPECT_EQ(set.reals, (std::vector<float>{0, 63.75F, 127.5F, 127.5F}));
}

}  // namespace
}  // namespace varphase
