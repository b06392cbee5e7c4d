// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/split.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/data/idx_files.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase::test {
namespace {

TEST(Split, PartsAreDisjointAscendingAndCoverAll) {
  for (const std::int64_t count : {2, 3, 10, 97, 1000, 6001}) {
    for (const double share : {0.01, 0.1, 0.29, 1.0 / 3, 0.5, 0.9}) {
      const auto wanted = static_cast<std::size_t>(share * static_cast<double>(count) + 1e-6);
      if (wanted == 0) continue;
      const SplitPositions parts = split_positions(count, share);
      EXPECT_EQ(parts.validation.size(), wanted);
      EXPECT_TRUE(std::is_sorted(parts.train.begin(), parts.train.end()));
      EXPECT_TRUE(std::is_sorted(parts.validation.begin(), parts.validation.end()));
      std::vector<std::int64_t> all;
      std::merge(parts.train.begin(), parts.train.end(), parts.validation.begin(),
                 parts.validation.end(), std::back_inserter(all));
      ASSERT_EQ(all.size(), static_cast<std::size_t>(count));
      for (std::int64_t i = 0; i < count; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
    }
  }
}

TEST(Split, ALargerShareHoldsOutWhatASmallerDoes) {
  const SplitPositions small = split_positions(1000, 0.1);
  const SplitPositions large = split_positions(1000, 0.3);
  EXPECT_TRUE(std::includes(large.validation.begin(), large.validation.end(),
                            small.validation.begin(), small.validation.end()));
}

TEST(Split, OrderIsFixedForEver) {
  // Worked out apart from this code, by whole numbers in Python: the three last of 0..19 by their
  // hashes.
  EXPECT_EQ(split_positions(20, 0.15).validation, (std::vector<std::int64_t>{4, 7, 18}));
}

TEST(Split, HeldOutPositionsAreSpreadEvenly) {
  const SplitPositions parts = split_positions(60000, 0.1);
  std::vector<int> tenth(10);
  for (const std::int64_t position : parts.validation)
    ++tenth[static_cast<std::size_t>(position / 6000)];
  // Hypergeometric: standard deviation sqrt(6000 * 0.1 * 0.9 * 0.9) = 22.
  for (const int count : tenth) EXPECT_NEAR(count, 600, tolerance::kStandardErrors * 22);
}

TEST(Split, SharesAreReadAsDecimalNumbers) {
  EXPECT_EQ(split_positions(100, 0.29).validation.size(), 29U);
  EXPECT_EQ(split_positions(100, 0.07).validation.size(), 7U);
  EXPECT_EQ(split_positions(7, 0.5).validation.size(), 3U);
  EXPECT_TRUE(split_positions(7, 0).validation.empty());
}

TEST(Split, SharesThatLeaveAPartEmptyAreErrors) {
  for (const double share : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN(), 0.05}) {
    const Error error = error_of([&] { split_positions(10, share); });
    EXPECT_EQ(error.kind(), ErrorKind::usage) << share;
    EXPECT_THAT(error.what(), testing::HasSubstr("validation"));
  }
}

ImageSet tiny_set() {
  ImageSet set;
  set.channels = 1;
  set.height = 1;
  set.width = 2;
  set.pixels = {0, 1, 10, 11, 20, 21};
  set.labels = {5, 6, 7};
  set.index = {0, 1, 2};
  return set;
}

TEST(Split, SelectedImagesKeepPixelsLabelAndIndex) {
  const std::vector<std::int64_t> positions{0, 2};
  const ImageSet chosen = select_images(tiny_set(), positions);
  EXPECT_EQ(chosen.pixels, (Bytes{0, 1, 20, 21}));
  EXPECT_EQ(chosen.labels, (std::vector<std::int64_t>{5, 7}));
  EXPECT_EQ(chosen.index, (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(chosen.image_size(), 2);
  const std::vector<std::int64_t> beyond{3};
  EXPECT_THROW(select_images(tiny_set(), beyond), Error);
}

TEST(Split, ALimitKeepsTheFirstImages) {
  ImageSet set = tiny_set();
  limit_images(set, 0);
  limit_images(set, 99);
  EXPECT_EQ(set.count(), 3);
  limit_images(set, 2);
  EXPECT_EQ(set.pixels, (Bytes{0, 1, 10, 11}));
  EXPECT_EQ(set.labels, (std::vector<std::int64_t>{5, 6}));
  EXPECT_EQ(set.index, (std::vector<std::int64_t>{0, 1}));
  EXPECT_THROW(limit_images(set, -1), Error);
}

}  // namespace
}  // namespace varphase::test
