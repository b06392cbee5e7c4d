// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace varphase {
namespace {

using Edges = std::array<double, LogHistogram::kBins + 1>;

const Edges& edges() {
  static const Edges table = [] {
    Edges made{};
    for (int bin = 0; bin <= LogHistogram::kBins; ++bin) {
      made[static_cast<std::size_t>(bin)] = std::pow(10.0, LogHistogram::log10_edge(bin));
    }
    return made;
  }();
  return table;
}

/// The bin of a magnitude within [first edge, last edge). The logarithm only guesses: whether a
/// value lies on an edge is decided by comparing numbers, never by a rounded logarithm.
std::size_t bin_of(double magnitude) {
  const Edges& edge = edges();
  const double guess =
      std::floor((std::log10(magnitude) - LogHistogram::kFirst) / LogHistogram::kWidth);
  auto bin = static_cast<std::size_t>(std::clamp(guess, 0.0, double{LogHistogram::kBins - 1}));
  while (magnitude < edge[bin]) --bin;
  while (magnitude >= edge[bin + 1]) ++bin;
  return bin;
}

}  // namespace

double LogHistogram::edge(int bin) { return edges().at(static_cast<std::size_t>(bin)); }

void LogHistogram::add(double value) {
  if (!std::isfinite(value)) {
    ++non_finite;
    return;
  }
  if (value == 0) {
    ++zeros;
    ++bins[0];
    return;
  }
  if (value < 0) ++negative;
  const double magnitude = std::abs(value);
  if (magnitude < edges().front()) {
    ++underflow;
  } else if (magnitude >= edges().back()) {
    ++overflow;
  } else {
    ++bins[bin_of(magnitude)];
  }
}

void LogHistogram::add_product(double a, double b) {
  const double product = a * b;
  const bool vanished = product == 0 && a != 0 && b != 0;
  const bool exploded = std::isinf(product) && std::isfinite(a) && std::isfinite(b);
  if (!vanished && !exploded) {
    add(product);
    return;
  }
  if (std::signbit(a) != std::signbit(b)) ++negative;
  ++(vanished ? underflow : overflow);
}

std::int64_t LogHistogram::size() const {
  return std::accumulate(bins.begin(), bins.end(), underflow + overflow + non_finite);
}

std::string histogram_csv_rows(const LogHistogram& histogram, const std::string& prefix) {
  std::string text;
  for (int bin = 0; bin < LogHistogram::kBins; ++bin) {
    text += fmt::format("{}{},{},{}\n", prefix, LogHistogram::log10_edge(bin),
                        LogHistogram::log10_edge(bin + 1),
                        histogram.bins[static_cast<std::size_t>(bin)]);
  }
  return text;
}

}  // namespace varphase
