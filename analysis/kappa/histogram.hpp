// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace varphase {

/// Histogram of log10|x| over fixed bins, so that epochs, layers and runs can be laid over one another.
///
/// 140 left-closed bins of width 0.25 on [-25, 10). Exact zeros are counted in `zeros` and in the first bin, where the
/// paper draws them; values outside of the bins are counted in underflow, overflow or non_finite. So size() = sum of
/// the bins + underflow + overflow + non_finite.
/// @par Source docs/math.md, "kappa"
struct LogHistogram {
  static constexpr int kBins = 140;
  static constexpr double kFirst = -25;  // log10 of the left edge of bin 0
  static constexpr double kWidth = 0.25;

  std::array<std::int64_t, kBins> bins{};
  std::int64_t zeros = 0;
  std::int64_t negative = 0;    // finite and below zero, whatever |x| is
  std::int64_t underflow = 0;   // 0 < |x| < 1e-25
  std::int64_t overflow = 0;    // |x| >= 1e10, finite
  std::int64_t non_finite = 0;  // NaN and infinity

  /// The left edge of a bin as a number, 10^(kFirst + kWidth * bin); bin = kBins gives the end of the last one.
  static double edge(int bin);
  /// log10 of the left edge of a bin.
  static constexpr double log10_edge(int bin) { return kFirst + kWidth * bin; }

  void add(double value);
  /// add(a * b) where the product itself may leave the range of float64: two factors that are not zero never make a
  /// zero, two that are finite never make an infinity.
  void add_product(double a, double b);

  /// Number of values given to add.
  std::int64_t size() const;

  bool operator==(const LogHistogram&) const = default;
};

/// One line "<prefix>log10_from,log10_to,count" for each bin. Lines end with "\n"; there is no header.
std::string histogram_csv_rows(const LogHistogram& histogram, const std::string& prefix = "");

}  // namespace varphase
