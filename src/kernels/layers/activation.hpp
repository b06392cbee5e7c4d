// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include "src/noise/philox.hpp"

namespace varphase {

enum class Activation { identity, relu, leaky_relu, abs, tanh, sigmoid, softplus, silu, gelu };

constexpr double kLeakySlope = 0.01;

/// phi(h) and its first two derivatives.
template <class T>
struct ActivationJet {
  T value, first, second;
};

/// `beta` sharpens softplus: log(1 + exp(beta h)) / beta. Where phi has a kink, derivatives are those of the left side
/// of zero (0 for |h|), as autograd takes them. Source: docs/math.md, "Curvature".
template <class T>
VARPHASE_HOST_DEVICE ActivationJet<T> activation_jet(Activation kind, T h, T beta) {
  switch (kind) {
    case Activation::identity:
      return {h, T(1), T(0)};
    case Activation::relu:
      return {h < 0 ? T(0) : h, h > 0 ? T(1) : T(0), T(0)};  // NaN stays NaN
    case Activation::leaky_relu:
      return {h > 0 ? h : T(kLeakySlope) * h, h > 0 ? T(1) : T(kLeakySlope), T(0)};
    case Activation::abs:
      return {h < 0 ? -h : h, h > 0 ? T(1) : (h < 0 ? T(-1) : T(0)), T(0)};
    case Activation::tanh: {
      const T t = std::tanh(h);
      const T slope = T(1) - t * t;
      return {t, slope, T(-2) * t * slope};
    }
    case Activation::sigmoid: {
      const T e = std::exp(h < 0 ? h : -h);
      const T small = e / (T(1) + e);
      const T large = T(1) / (T(1) + e);
      const T s = h < 0 ? small : large;
      return {s, small * large, small * large * ((h < 0 ? large : small) - s)};
    }
    case Activation::softplus: {
      const T x = beta * h;
      const T e = std::exp(x < 0 ? x : -x);
      const T small = e / (T(1) + e);
      const T large = T(1) / (T(1) + e);
      const T s = x < 0 ? small : large;
      return {((x > 0 ? x : T(0)) + std::log1p(e)) / beta, s, beta * small * large};
    }
    case Activation::silu: {
      const T s = T(1) / (T(1) + std::exp(-h));
      const T n = T(1) / (T(1) + std::exp(h));
      return {h * s, s + h * s * n, s * n * (T(2) + h * (T(1) - T(2) * s))};
    }
    case Activation::gelu: {
      const T cdf = T(0.5) * std::erfc(-h * T(0.70710678118654752440));
      const T pdf = T(0.39894228040143267794) * std::exp(T(-0.5) * h * h);
      return {h * cdf, cdf + h * pdf, (T(2) - h * h) * pdf};
    }
  }
  return {h, T(1), T(0)};
}

/// The larger one; NaN where either is, so that pooling hides none.
template <class T>
VARPHASE_HOST_DEVICE T larger_of(T a, T b) {
  return b > a || b != b ? b : a;
}

}  // namespace varphase
