// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/corruption.hpp"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace varphase {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

ImageSet images_of(std::int64_t count, std::int64_t channels, std::int64_t height,
                   std::int64_t width, std::uint8_t value) {
  ImageSet set;
  set.channels = channels;
  set.height = height;
  set.width = width;
  set.pixels.assign(static_cast<std::size_t>(count * channels * height * width), value);
  set.labels.assign(static_cast<std::size_t>(count), 0);
  set.index.resize(static_cast<std::size_t>(count));
  std::iota(set.index.begin(), set.index.end(), 0);
  return set;
}

/// One image of one channel.
ImageSet image(std::int64_t height, std::int64_t width, std::vector<std::uint8_t> pixels) {
  ImageSet set = images_of(1, 1, height, width, 0);
  set.pixels = std::move(pixels);
  return set;
}

std::vector<Corruption> all() {
  std::vector<Corruption> list;
  for (const std::string& name : corruption_names().names())
    list.push_back(corruption_names().value(name));
  return list;
}

struct Moments {
  double mean = 0, deviation = 0;
};

Moments moments(const std::vector<std::uint8_t>& pixels) {
  double sum = 0, squares = 0;
  for (const double pixel : pixels) {
    sum += pixel;
    squares += pixel * pixel;
  }
  const auto n = static_cast<double>(pixels.size());
  return {sum / n, std::sqrt(squares / n - sum * sum / (n * n))};
}

TEST(Corruption, NoiseHasTheDeviationThatItsStrengthSays) {
  const ImageSet grey = images_of(200, 1, 30, 30, 128);
  for (int strength = 1; strength <= kCorruptionStrengths; ++strength) {
    const Moments found = moments(corrupted(grey, Corruption::gaussian_noise, strength, 1).pixels);
    // Of rounding to bytes a variance of 1/12; 180,000 draws.
    const double wanted = std::hypot(255 * corruption_amount(Corruption::gaussian_noise, strength),
                                     std::sqrt(1 / 12.));
    EXPECT_NEAR(found.deviation, wanted, 0.01 * wanted) << strength;
    EXPECT_NEAR(found.mean, 128, 0.01 * wanted + 0.1) << strength;
  }
}

TEST(Corruption, PhotonsHaveTheMeanAndVarianceOfPoissonsLaw) {
  const ImageSet grey = images_of(200, 1, 30, 30, 100);
  for (int strength = 1; strength <= kCorruptionStrengths; ++strength) {
    const double white = corruption_amount(Corruption::shot_noise, strength);
    const Moments found = moments(corrupted(grey, Corruption::shot_noise, strength, 1).pixels);
    // The law's own probabilities, exp(k log m - m - log k!), of what k photons are rounded to.
    const double photons = white * 100 / 255;
    double mean = 0, square = 0;
    for (int k = 0; k < 2000; ++k) {
      const double share = std::exp(k * std::log(photons) - photons - std::lgamma(k + 1.0));
      const double pixel = std::min(255.0, std::round(255 * k / white));
      mean += share * pixel;
      square += share * pixel * pixel;
    }
    const double wanted = std::sqrt(square - mean * mean);
    EXPECT_NEAR(found.deviation, wanted, 0.01 * wanted) << strength;
    EXPECT_NEAR(found.mean, mean, 0.01 * wanted) << strength;
  }
  EXPECT_THAT(corrupted(images_of(3, 1, 5, 5, 0), Corruption::shot_noise, 5, 1).pixels, Each(0));
}

TEST(Corruption, BlurOfAPointIsTheNormalDensityInBothDirections) {
  std::vector<std::uint8_t> pixels(11 * 11, 0);
  pixels[5 * 11 + 5] = 255;
  const ImageSet blurred = corrupted(image(11, 11, pixels), Corruption::gaussian_blur, 5, 1);
  // Deviation 1: exp(-d^2 / 2) over the sum for d = -4 .. 4.
  double sum = 0;
  for (int d = -4; d <= 4; ++d) sum += std::exp(-0.5 * d * d);
  for (int y = 0; y < 11; ++y) {
    for (int x = 0; x < 11; ++x) {
      const double distance = (y - 5) * (y - 5) + (x - 5) * (x - 5);
      const bool within = std::abs(y - 5) <= 4 && std::abs(x - 5) <= 4;
      const double wanted = within ? 255 * std::exp(-0.5 * distance) / (sum * sum) : 0;
      EXPECT_NEAR(blurred.pixels[static_cast<std::size_t>(y * 11 + x)], wanted, 0.501) << y << x;
    }
  }
}

TEST(Corruption, ARotationTurnsTheImageAboutItsMiddleByItsAngle) {
  // A bright blob away from the middle: its centre of mass must turn by the angle, to one side or the other.
  ImageSet blobs = images_of(20, 1, 41, 41, 0);
  for (std::int64_t i = 0; i < blobs.count(); ++i)
    for (std::int64_t y = 19; y <= 21; ++y)
      for (std::int64_t x = 31; x <= 33; ++x)
        blobs.pixels[static_cast<std::size_t>((i * 41 + y) * 41 + x)] = 200;
  int left = 0, right = 0;
  const ImageSet turned = corrupted(blobs, Corruption::rotation, 3, 7);
  for (std::int64_t i = 0; i < blobs.count(); ++i) {
    double mass = 0, down = 0, across = 0;
    for (std::int64_t y = 0; y < 41; ++y) {
      for (std::int64_t x = 0; x < 41; ++x) {
        const double pixel = turned.pixels[static_cast<std::size_t>((i * 41 + y) * 41 + x)];
        mass += pixel;
        down += pixel * static_cast<double>(y - 20);
        across += pixel * static_cast<double>(x - 20);
      }
    }
    const double degrees = std::atan2(down / mass, across / mass) * 180 / std::acos(-1.0);
    EXPECT_NEAR(std::abs(degrees), 30, 0.3);
    EXPECT_NEAR(std::hypot(down, across) / mass, 12, 0.1);
    (degrees < 0 ? left : right) += 1;
  }
  EXPECT_GT(left, 0);
  EXPECT_GT(right, 0);
}

TEST(Corruption, ATranslationMovesByWholePixelsInEightDirections) {
  ImageSet points = images_of(100, 1, 32, 32, 0);
  for (std::int64_t i = 0; i < points.count(); ++i)
    points.pixels[static_cast<std::size_t>((i * 32 + 16) * 32 + 16)] = 99;
  const ImageSet moved = corrupted(points, Corruption::translation, 2, 3);
  std::vector<int> seen(9);
  for (std::int64_t i = 0; i < points.count(); ++i) {
    const auto first = moved.pixels.begin() + i * 32 * 32;
    const auto at = std::find(first, first + 32 * 32, 99) - first;
    ASSERT_LT(at, 32 * 32);
    const auto down = at / 32 - 16, across = at % 32 - 16;  // 2/16 of 32: four pixels
    ASSERT_TRUE((down % 4 == 0 && across % 4 == 0 && std::abs(down) <= 4 && std::abs(across) <= 4))
        << down << " " << across;
    seen[static_cast<std::size_t>((down / 4 + 1) * 3 + across / 4 + 1)] += 1;
  }
  EXPECT_EQ(seen[4], 0);
  for (const int place : {0, 1, 2, 3, 5, 6, 7, 8})
    EXPECT_GT(seen[static_cast<std::size_t>(place)], 0);
}

TEST(Corruption, ContrastBrightnessAndPixelationAreByTheirFormulas) {
  const ImageSet row = image(1, 4, {0, 100, 200, 100});
  // Mean 100, 0.5 of each distance left.
  EXPECT_THAT(corrupted(row, Corruption::contrast, 2, 1).pixels, ElementsAre(50, 100, 150, 100));
  // 0.2 of 255 added.
  EXPECT_THAT(corrupted(row, Corruption::brightness, 4, 1).pixels, ElementsAre(51, 151, 251, 151));
  EXPECT_THAT(corrupted(row, Corruption::brightness, 5, 1).pixels[2], 255);
  // The lightest channel 100 becomes 151, the others grow by 1.51.
  ImageSet colour = images_of(1, 3, 1, 1, 0);
  colour.pixels = {100, 50, 0};
  EXPECT_THAT(corrupted(colour, Corruption::brightness, 4, 1).pixels, ElementsAre(151, 76, 0));
  // floor(4 * 0.65) = 2 blocks of two pixels.
  EXPECT_THAT(corrupted(row, Corruption::pixelation, 5, 1).pixels, ElementsAre(50, 50, 150, 150));
  // floor(3 * 0.75) = 2 blocks: middles at 0.5, 1.5, 2.5 of 3, the edge between blocks at 1.5.
  EXPECT_THAT(corrupted(image(1, 3, {10, 20, 40}), Corruption::pixelation, 4, 1).pixels,
              ElementsAre(10, 30, 30));
}

TEST(Corruption, IsTheSameWhateverTheThreadsTheOtherImagesAndTheStrengthsBefore) {
  ImageSet drawn = images_of(70, 3, 9, 7, 0);
  for (std::size_t i = 0; i < drawn.pixels.size(); ++i)
    drawn.pixels[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13U);
  ImageSet one = drawn;
  const auto size = static_cast<std::size_t>(drawn.image_size());
  one.pixels.assign(drawn.pixels.begin() + static_cast<std::ptrdiff_t>(42 * size),
                    drawn.pixels.begin() + static_cast<std::ptrdiff_t>(43 * size));
  one.labels = {0};
  one.index = {42};
  for (const Corruption kind : all()) {
    const ImageSet many = corrupted(drawn, kind, 3, 5, 4);
    EXPECT_EQ(many.pixels, corrupted(drawn, kind, 3, 5, 1).pixels);
    EXPECT_NE(many.pixels, drawn.pixels);
    EXPECT_EQ(many.index, drawn.index);
    const std::vector<std::uint8_t> there(
        many.pixels.begin() + static_cast<std::ptrdiff_t>(42 * size),
        many.pixels.begin() + static_cast<std::ptrdiff_t>(43 * size));
    EXPECT_EQ(corrupted(one, kind, 3, 5).pixels, there) << corruption_names().name(kind);
  }
}

TEST(Corruption, EveryStrengthDoesMoreThanTheOneBefore) {
  ImageSet digits = images_of(50, 1, 28, 28, 0);
  for (std::size_t i = 0; i < digits.pixels.size(); ++i)
    digits.pixels[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13U);
  for (const Corruption kind : all()) {
    if (kind == Corruption::rotation || kind == Corruption::translation)
      continue;  // stripes come round again
    double before = 0;
    for (int strength = 1; strength <= kCorruptionStrengths; ++strength) {
      const ImageSet changed = corrupted(digits, kind, strength, 1);
      double distance = 0;
      for (std::size_t i = 0; i < changed.pixels.size(); ++i)
        distance += std::abs(static_cast<double>(changed.pixels[i]) - digits.pixels[i]);
      EXPECT_GT(distance, before) << corruption_names().name(kind) << strength;
      before = distance;
    }
  }
}

TEST(Corruption, AStrengthThatIsNoneAndAnUnknownNameAreRefused) {
  const ImageSet grey = images_of(1, 1, 4, 4, 128);
  EXPECT_THROW(corrupted(grey, Corruption::contrast, 0, 1), Error);
  EXPECT_THROW(corrupted(grey, Corruption::contrast, 6, 1), Error);
  try {
    corruption_names().value("gausian-noise");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("gaussian-noise"));
  }
}

/// Float images are changed by the same formulas and draws: rounded to bytes they are the bytes'.
TEST(Corruption, OfFloatsIsThatOfBytesUnrounded) {
  ImageSet bytes = images_of(4, 3, 9, 8, 0);
  for (std::size_t i = 0; i < bytes.pixels.size(); ++i)
    bytes.pixels[i] = static_cast<std::uint8_t>(i * 97 % 256);
  ImageSet floats = bytes;
  floats.pixels.clear();
  floats.reals.assign(bytes.pixels.begin(), bytes.pixels.end());
  for (const Corruption corruption : all()) {
    const ImageSet wanted = corrupted(bytes, corruption, 3, 5);
    const ImageSet got = corrupted(floats, corruption, 3, 5);
    EXPECT_TRUE(got.pixels.empty());
    ASSERT_EQ(got.reals.size(), wanted.pixels.size());
    for (std::size_t i = 0; i < got.reals.size(); ++i)
      EXPECT_EQ(std::lround(got.reals[i]), wanted.pixels[i]) << corruption_names().name(corruption);
  }
}

}  // namespace
}  // namespace varphase
