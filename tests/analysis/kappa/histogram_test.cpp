// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace varphase {
namespace {

std::int64_t in_bin(double log10_from, const LogHistogram& histogram) {
  return histogram.bins.at(static_cast<std::size_t>((log10_from + 25) * 4));
}

LogHistogram of(std::initializer_list<double> values) {
  LogHistogram histogram;
  for (const double value : values) histogram.add(value);
  return histogram;
}

TEST(LogHistogram, EdgesAreThePowersThatPeopleWrite) {
  EXPECT_EQ(LogHistogram::edge(0), 1e-25);
  EXPECT_EQ(LogHistogram::edge(100), 1.0);
  EXPECT_EQ(LogHistogram::edge(104), 10.0);
  EXPECT_EQ(LogHistogram::edge(106), std::pow(10.0, 1.5));
  EXPECT_EQ(LogHistogram::edge(140), 1e10);
}

TEST(LogHistogram, EveryEdgeBelongsToTheBinOnItsRightAndTheNumberBelowToTheLeft) {
  for (int bin = 0; bin < LogHistogram::kBins; ++bin) {
    const double edge = LogHistogram::edge(bin);
    EXPECT_EQ(of({edge}).bins[static_cast<std::size_t>(bin)], 1) << bin;
    EXPECT_EQ(of({-edge}).bins[static_cast<std::size_t>(bin)], 1) << bin;
    const LogHistogram below = of({std::nextafter(edge, 0.0)});
    EXPECT_EQ(bin == 0 ? below.underflow : below.bins[static_cast<std::size_t>(bin - 1)], 1) << bin;
  }
  EXPECT_EQ(of({1e10}).overflow, 1);
  EXPECT_EQ(of({std::nextafter(1e10, 0.0)}).bins[139], 1);
}

TEST(LogHistogram, ZerosAreCountedInTheFirstBinAndApart) {
  const LogHistogram histogram = of({0.0, -0.0, 1e-25, 1e-26});
  EXPECT_EQ(histogram.zeros, 2);
  EXPECT_EQ(histogram.bins[0], 3);
  EXPECT_EQ(histogram.underflow, 1);
  EXPECT_EQ(histogram.negative, 0);
  EXPECT_EQ(histogram.size(), 4);
}

TEST(LogHistogram, NegativesAreCountedByMagnitudeAndApart) {
  const LogHistogram histogram =
      of({-2.0, 2.0, -1e-30, -1e12, -std::numeric_limits<double>::infinity()});
  EXPECT_EQ(in_bin(0.25, histogram), 2);
  EXPECT_EQ(histogram.negative, 3);
  EXPECT_EQ(histogram.underflow, 1);
  EXPECT_EQ(histogram.overflow, 1);
  EXPECT_EQ(histogram.non_finite, 1);
  EXPECT_EQ(histogram.size(), 5);
}

TEST(LogHistogram, NotANumberAndDenormalsHaveTheirPlace) {
  const double tiny = std::numeric_limits<double>::denorm_min();
  const double float_tiny = std::numeric_limits<float>::denorm_min();
  const LogHistogram histogram =
      of({std::nan(""), tiny, -tiny, float_tiny, std::numeric_limits<double>::max()});
  EXPECT_EQ(histogram.non_finite, 1);
  EXPECT_EQ(histogram.underflow, 3);
  EXPECT_EQ(histogram.negative, 1);
  EXPECT_EQ(histogram.overflow, 1);
  EXPECT_EQ(histogram.size(), 5);
}

TEST(LogHistogram, ProductsThatLeaveTheRangeAreNeitherZeroNorInfinite) {
  LogHistogram histogram;
  histogram.add_product(1e-200, -1e-200);
  histogram.add_product(1e200, 1e200);
  histogram.add_product(0.0, 1e200);
  histogram.add_product(2.0, 3.0);
  histogram.add_product(0.0, std::numeric_limits<double>::infinity());
  EXPECT_EQ(histogram.underflow, 1);
  EXPECT_EQ(histogram.negative, 1);
  EXPECT_EQ(histogram.overflow, 1);
  EXPECT_EQ(histogram.zeros, 1);
  EXPECT_EQ(histogram.non_finite, 1);
  EXPECT_EQ(in_bin(0.75, histogram), 1);
  EXPECT_EQ(histogram.size(), 5);
}

TEST(LogHistogram, CountsSumToTheNumberOfValuesWhateverTheyAre) {
  std::mt19937_64 words(7);
  LogHistogram histogram;
  for (int i = 0; i < 200000; ++i) {
    const std::uint64_t word = words();
    double value = 0;
    static_assert(sizeof(value) == sizeof(word));
    std::memcpy(&value, &word, sizeof(value));  // every kind of number there is
    histogram.add(value);
  }
  EXPECT_EQ(histogram.size(), 200000);
  EXPECT_GT(histogram.underflow, 0);
  EXPECT_GT(histogram.overflow, 0);
  EXPECT_GT(histogram.non_finite, 0);
}

TEST(LogHistogram, CsvHasALineForEveryBin) {
  const std::string text = histogram_csv_rows(of({2.0, 0.0}), "3,a,");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), LogHistogram::kBins);
  EXPECT_EQ(text.substr(0, text.find('\n')), "3,a,-25,-24.75,1");
  EXPECT_NE(text.find("\n3,a,0.25,0.5,1\n"), std::string::npos);
}

}  // namespace
}  // namespace varphase
