// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "src/kernels/layers/log_uniform_divergence.hpp"

namespace varphase {

/// KL of one weight N(mean, variance) to a Student-t prior of scale 1, and its derivatives.
struct StudentTDivergence {
  double value;  // nats
  double d_mean, d_variance;
};

/// K(nu), the part of the divergence that depends on nu alone.
inline double student_t_offset(double nu) {
  return -0.5 * std::log(2 * std::exp(1.0)) - std::lgamma((nu + 1) / 2) + std::lgamma(nu / 2) -
         nu / 2 * std::log(nu);
}

/// a smaller variance counts as this, with gradient 0
constexpr double kLeastStudentVariance = 1e-30;

/// The divergence and its derivatives (paper, eq. 25):
///
///     offset - log(variance) / 2 + (nu + 1) / 2 E log(nu + w^2),  w ~ N(mean, variance)
///
/// Where nu is tiny beside the variance, by the log-uniform divergence and its first correction; else by a sum over t =
/// e^s that is smooth in all of its arguments. Relative error 1e-9. Source: docs/math.md, "KL to the prior".
/// @param offset  student_t_offset(nu)
VARPHASE_HOST_DEVICE StudentTDivergence student_t_divergence(double mean, double variance,
                                                             double nu, double offset) {
  constexpr double kPi = 3.14159265358979323846;
  constexpr double kAtInfinity = 0.6351814227307391;
  const bool floored = !(variance > kLeastStudentVariance);
  const double v = floored ? kLeastStudentVariance : variance;
  const double square = mean * mean;
  StudentTDivergence result;
  if (nu <= 1e-8 && std::sqrt(nu) < 1e-4 * std::sqrt(v)) {
    // A mean of zero: alpha is infinite, and so large a logarithm stands for it.
    const double log_alpha = square > 0 ? std::log(v) - std::log(square) : 700;
    const LogUniformDivergence limit = log_uniform_divergence(log_alpha);
    const double density = std::exp(-0.5 * square / v) / std::sqrt(2 * kPi * v);
    const double correction = kPi * std::sqrt(nu) * density;
    result.value = limit.value - kAtInfinity + offset + correction;
    // 2 slope / mean has a limit at zero, -mean / v, where the quotient has none.
    const double pull = log_alpha > 600 ? mean / v : -2 * limit.slope / mean;
    result.d_mean = pull - correction * mean / v;
    result.d_variance = (limit.slope + correction * (0.5 * square / v - 0.5)) / v;
  } else {
    constexpr double kStep = 0.125, kNoMore = 1e-19;
    constexpr double kSecondOver = 4;  // exp(-exp(4)) < 1e-19
    const double spread = square + v;
    double log_term = 0, by_mean = 0, by_variance = 0;
    // Both terms are below exp(-45) at first, and the second is at the end: nu is 1e-30 at least.
    constexpr double kLast = 200;
    const double widest = nu > spread ? nu : spread;
    // An infinite mean must end too.
    const double start = widest > 1 ? std::log(widest < 1e300 ? widest : 1e300) : 0;
    for (double s = -45 - start; s < kLast; s += kStep) {
      const double t = std::exp(s);
      const double d = 1 + 2 * t * v;
      const double g = std::exp(-nu * t - t * square / d) / std::sqrt(d);
      log_term += std::exp(-t) - g;
      by_mean += g * 2 * t * mean / d;
      by_variance += g * (t / d - 2 * t * t * square / (d * d));
      if (s > kSecondOver && g < kNoMore) break;
    }
    const double factor = (nu + 1) / 2 * kStep;
    result.value = offset - 0.5 * std::log(v) + factor * log_term;
    result.d_mean = factor * by_mean;
    result.d_variance = factor * by_variance - 0.5 / v;
  }
  if (floored) result.d_variance = 0;
  return result;
}

}  // namespace varphase
