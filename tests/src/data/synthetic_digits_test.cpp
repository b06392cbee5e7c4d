// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/synthetic_digits.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/data/split_mix.hpp"

namespace varphase::test {
namespace {

TEST(HashWord, IsSplitMix64) {
  // First outputs of the published generator from seeds 0 and 1234567.
  EXPECT_EQ(hash_word(0), 0xE220A8397B1DCDAFU);
  EXPECT_EQ(hash_word(1234567), 6457827717110365317U);
}

TEST(SyntheticDigits, AnImageDependsOnItsNumberAndSplitAlone) {
  const ImageSet few = draw_synthetic_digits(Split::train, 12);
  const ImageSet many = draw_synthetic_digits(Split::train, 40);
  const ImageSet test = draw_synthetic_digits(Split::test, 12);
  EXPECT_TRUE(std::equal(few.pixels.begin(), few.pixels.end(), many.pixels.begin()));
  EXPECT_NE(few.pixels, test.pixels);
  EXPECT_NE(few.labels, std::vector<std::int64_t>(12, 0));
}

TEST(SyntheticDigits, ShapesAndLabels) {
  const ImageSet set = draw_synthetic_digits(Split::train, 50);
  EXPECT_EQ(set.channels, 1);
  EXPECT_EQ(set.height, 28);
  EXPECT_EQ(set.width, 28);
  ASSERT_EQ(set.count(), 50);
  EXPECT_EQ(set.pixels.size(), 50U * 784U);
  for (std::int64_t digit = 0; digit < 10; ++digit) {
    EXPECT_EQ(std::count(set.labels.begin(), set.labels.end(), digit), 5);
  }
  for (std::int64_t i = 0; i < 50; ++i) EXPECT_EQ(set.index[static_cast<std::size_t>(i)], i);
}

TEST(SyntheticDigits, EveryImageHasInkInsideAndPaperAround) {
  const ImageSet set = draw_synthetic_digits(Split::test, 1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    const std::uint8_t* image = set.pixels.data() + i * 784;
    const auto inked = std::count_if(image, image + 784, [](int pixel) { return pixel > 127; });
    EXPECT_GT(inked, 10) << "image " << i;
    EXPECT_LT(inked, 784 / 2) << "image " << i;
  }
}

/// Share of test images nearest to their own class's mean training image.
double nearest_mean_accuracy(const ImageSet& train, const ImageSet& test) {
  std::array<std::array<double, 784>, 10> means{};
  for (std::size_t i = 0; i < train.labels.size(); ++i) {
    for (std::size_t p = 0; p < 784; ++p) {
      means[static_cast<std::size_t>(train.labels[i])][p] +=
          10.0 * train.pixels[i * 784 + p] / static_cast<double>(train.count());
    }
  }
  int right = 0;
  for (std::size_t i = 0; i < test.labels.size(); ++i) {
    std::array<double, 10> distance{};
    for (std::size_t c = 0; c < 10; ++c) {
      for (std::size_t p = 0; p < 784; ++p) {
        const double off = test.pixels[i * 784 + p] - means[c][p];
        distance[c] += off * off;
      }
    }
    right +=
        std::min_element(distance.begin(), distance.end()) - distance.begin() == test.labels[i];
  }
  return right / static_cast<double>(test.count());
}

TEST(SyntheticDigits, AreLearnableButNotByTheirMeans) {
  const double accuracy = nearest_mean_accuracy(draw_synthetic_digits(Split::train, 2000),
                                                draw_synthetic_digits(Split::test, 500));
  EXPECT_GT(accuracy, 0.6);
  EXPECT_LT(accuracy, 0.9);
}

}  // namespace
}  // namespace varphase::test
