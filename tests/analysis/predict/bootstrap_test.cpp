// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/bootstrap.hpp"

#include <cmath>
#include <numeric>

#include "tests/support/golden.hpp"
#include "tests/support/tolerances.hpp"

namespace varphase {
namespace {

TEST(Bootstrap, QuantilesAreThoseOfNumpy) {
  const Json json = read_json_file(std::string(VARPHASE_SOURCE_DIR) +
                                   "/tests/analysis/predict/metrics_golden.json")["quantiles"];
  const Interval got = percentile_interval(json["values"].get<std::vector<double>>(), 0.95);
  EXPECT_NEAR(got.low, json["wanted"][0].get<double>(), tolerance::kDoubleOperation);
  EXPECT_NEAR(got.high, json["wanted"][1].get<double>(), tolerance::kDoubleOperation);
}

TEST(Bootstrap, HasNoIntervalWithoutValuesOrOfWhatIsNoNumber) {
  EXPECT_TRUE(std::isnan(percentile_interval({}, 0.95).low));
  EXPECT_TRUE(std::isnan(percentile_interval({1, std::nan(""), 2}, 0.95).high));
  const Interval one = percentile_interval({3}, 0.95);
  EXPECT_EQ(one.low, 3);
  EXPECT_EQ(one.high, 3);
}

TEST(Bootstrap, DrawsAsManyImagesAsThereAreEachAsOftenAsAnother) {
  constexpr std::int64_t kImages = 37, kResamples = 4000;
  std::vector<double> sums(kImages, 0);
  double squares = 0;
  for (std::uint32_t resample = 0; resample < kResamples; ++resample) {
    const Counts counts = resampled(1, 0, resample, kImages);
    EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0U), kImages);
    for (std::int64_t n = 0; n < kImages; ++n) sums[n] += counts[n];
    squares += (counts[0] - 1.0) * (counts[0] - 1.0);
  }
  // A count is binomial: mean 1, variance 1 - 1 / N.
  const double variance = 1 - 1.0 / kImages;
  for (const double sum : sums)
    EXPECT_NEAR(sum / kResamples, 1, 5 * std::sqrt(variance / kResamples));
  EXPECT_NEAR(squares / kResamples, variance, 5 * std::sqrt(2.0 / kResamples) * variance * 1.3);
}

TEST(Bootstrap, IsKeyed) {
  EXPECT_EQ(resampled(1, 0, 5, 100), resampled(1, 0, 5, 100));
  EXPECT_NE(resampled(1, 0, 5, 100), resampled(2, 0, 5, 100));
  EXPECT_NE(resampled(1, 0, 5, 100), resampled(1, 1, 5, 100));
  EXPECT_NE(resampled(1, 0, 5, 100), resampled(1, 0, 6, 100));
  EXPECT_EQ(resampled(9, 0, 0, 1), Counts{1});
}

}  // namespace
}  // namespace varphase
