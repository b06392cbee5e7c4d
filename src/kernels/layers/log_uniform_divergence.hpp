// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "src/noise/philox.hpp"

namespace varphase {

/// KL of one weight N(mean, alpha mean^2) to the log-uniform prior, and its derivative.
struct LogUniformDivergence {
  double value;  // nats; 0 at alpha = infinity
  double slope;  // in log alpha
};

/// The divergence and its derivative, with x = sqrt(1 / (2 alpha)) and F Dawson's function (Hron et al., 2017):
///
///     D(alpha) = 2 integral_0^x F(t) dt,  dD / dlog_alpha = -x F(x)
///
/// by series whose terms are all positive. Relative error below 1e-14 for |log alpha| <= 20. Source: docs/math.md, "KL
/// to the prior".
VARPHASE_HOST_DEVICE LogUniformDivergence log_uniform_divergence(double log_alpha) {
  constexpr double kAtInfinity = 0.6351814227307391;  // (Euler's gamma + log 2) / 2
  constexpr double kSwitch = 50;
  constexpr double kNoMore = 1e-17;
  constexpr int kMostTerms = 400, kAsymptoticTerms = 20;
  const double u = 0.5 * std::exp(-log_alpha);
  if (u < kSwitch) {
    double power = 1, harmonic = 0, value = 0, slope = 1;  // power = u^k / k!
    for (int k = 1; k < kMostTerms; ++k) {
      power *= u / k;
      harmonic += 1.0 / (2 * k - 1);
      value += power * harmonic;
      slope += power / (2 * k + 1);
      if (k > u && power * harmonic <= kNoMore * value) break;
    }
    const double scale = std::exp(-u);
    return {scale * value, -u * scale * slope};
  }
  const double alpha = 0.5 / u;
  double power = 1, value = 0, slope = 1;  // power = (2m - 1)!! alpha^m
  for (int m = 1; m <= kAsymptoticTerms; ++m) {
    power *= (2 * m - 1) * alpha;
    value += power / (2 * m);
    slope += power;
  }
  return {-0.5 * log_alpha + kAtInfinity - value, -0.5 * slope};
}

}  // namespace varphase
