// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/data/normalization.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/data/idx_files.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase::test {
namespace {

Dataset two_channels() {
  Dataset dataset;
  dataset.name = "two";
  dataset.train.channels = 2;
  dataset.train.height = 3;
  dataset.train.width = 5;
  dataset.train.pixels = some_pixels(4 * 30, 3);
  dataset.train.labels = {0, 1, 0, 1};
  return dataset;
}

TEST(ChannelStatistics, AreThoseOfTheDefinition) {
  const Dataset dataset = two_channels();
  const Normalization got = channel_statistics(dataset.train);
  ASSERT_EQ(got.mean.size(), 2U);
  for (std::size_t c = 0; c < 2; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t n = 0; n < 4; ++n) {
      for (std::size_t i = 0; i < 15; ++i) {
        const double value = dataset.train.pixels[(n * 2 + c) * 15 + i] / 255.0;
        sum += value;
        squares += value * value;
      }
    }
    const double mean = sum / 60;
    EXPECT_NEAR(got.mean[c], mean, tolerance::kDoubleSteps);
    EXPECT_NEAR(got.deviation[c], std::sqrt(squares / 60 - mean * mean), tolerance::kDoubleFormula);
  }
}

TEST(Normalize, WantsOneNumberAChannelAndAScale) {
  Dataset dataset = two_channels();
  EXPECT_THAT(error_of([&] {
                normalize(dataset, {{0.5}, {0.2}});
              }).what(),
              testing::HasSubstr("2 channels"));
  EXPECT_EQ(error_of([&] {
              normalize(dataset, {{0.5, 0.5}, {0.2, 0.0}});
            }).kind(),
            ErrorKind::usage);
  EXPECT_EQ(error_of([&] {
              normalize(dataset, {{std::nan(""), 0.5}, {0.2, 0.1}});
            }).kind(),
            ErrorKind::usage);
  normalize(dataset, {{0.5, 0.4}, {0.2, 0.1}});
  EXPECT_EQ(dataset.test.normalization.mean, (std::vector<double>{0.5, 0.4}));
}

}  // namespace
}  // namespace varphase::test
