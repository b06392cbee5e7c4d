// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

// What the tests of CPU kernels share: float64 loops written out stand against the kernels, without
// PyTorch, so that they run on an emulated processor, too. Against autograd stands
// tests/src/kernels/kernels_test.cpp.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/kernels/layers/activation.hpp"

namespace varphase {

using Numbers = std::vector<float>;
using Wide = std::vector<double>;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

class Random {
 public:
  explicit Random(unsigned seed) : words_(seed) {}
  Numbers normals(std::int64_t count, double scale = 1, double shift = 0) {
    std::normal_distribution<double> law(shift, scale);
    Numbers list(static_cast<std::size_t>(count));
    for (float& x : list) x = static_cast<float>(law(words_));
    return list;
  }
  Numbers positives(std::int64_t count) {
    std::uniform_real_distribution<double> law(0.5, 1.5);
    Numbers list(static_cast<std::size_t>(count));
    for (float& x : list) x = static_cast<float>(law(words_));
    return list;
  }
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(words_() % static_cast<std::uint64_t>(bound));
  }

 private:
  std::mt19937 words_;
};

/// Largest difference in units of the largest reference.
template <class T>
void expect_close(const std::vector<T>& values, const Wide& wanted, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(values.size(), wanted.size()) << what;
  double largest = 1e-30, off = 0;
  std::size_t place = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    largest = std::max(largest, std::abs(wanted[i]));
    const double difference = std::abs(static_cast<double>(values[i]) - wanted[i]);
    if (!std::isnan(off) && !(difference <= off)) {  // NaN stays
      off = difference;
      place = i;
    }
  }
  EXPECT_LE(off, tolerance * largest)
      << what << ", at " << place << ": " << values[place] << " for " << wanted[place];
}

inline double phi(Activation kind, double h, double beta = 1) {
  switch (kind) {
    case Activation::relu:
      return std::max(h, 0.0);
    case Activation::softplus:
      return (std::max(beta * h, 0.0) + std::log1p(std::exp(-std::abs(beta * h)))) / beta;
    case Activation::tanh:
      return std::tanh(h);
    default:
      return h;
  }
}

inline double slope(Activation kind, double h, double beta = 1) {
  switch (kind) {
    case Activation::relu:
      return h > 0 ? 1 : 0;
    case Activation::softplus:
      return 1 / (1 + std::exp(-beta * h));
    case Activation::tanh:
      return 1 - std::tanh(h) * std::tanh(h);
    default:
      return 1;
  }
}

inline double bend(Activation kind, double h, double beta = 1) {
  switch (kind) {
    case Activation::softplus:
      return beta * std::exp(-beta * h) / std::pow(1 + std::exp(-beta * h), 2);
    case Activation::tanh:
      return -2 * std::tanh(h) * (1 - std::tanh(h) * std::tanh(h));
    default:
      return 0;
  }
}

inline const std::vector<Activation> kKinds = {Activation::relu, Activation::softplus,
                                               Activation::tanh};

inline std::size_t at(std::int64_t place) { return static_cast<std::size_t>(place); }

}  // namespace varphase
