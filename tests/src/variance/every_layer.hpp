// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include "src/layers/variance_layer.hpp"
#include "src/noise/normal_fill.hpp"
#include "tests/src/variance/reference.hpp"
#include "tests/support/device.hpp"
#include "tests/support/kinds_by_trait.hpp"

// Every kind of variance layer with every parameterization and prior, and what its outputs and its
// KL term are by definition, in float64.
namespace varphase {

inline constexpr std::uint16_t kNumber = 3;
inline constexpr double kNu = 0.5;  // of student_t here: the reference's grid resolves it

/// One row of the table that all tests below run over.
struct Combination {
  std::string kind, parameterization, prior;
  bool conv() const {
    const auto layer = layer_kinds().at(kind).make({{"out", 1}}, {1, 9, 9});
    return layer->traits().weights == LayerTraits::Weights::conv2d;
  }
  std::string name() const { return kind + " " + parameterization + " " + prior; }
  Json options() const {
    Json json{{"parameterization", parameterization},
              {"prior", prior},
              {"log_alpha", -1},
              {"bias", true}};
    if (prior == "student_t") json["nu"] = kNu;
    json["out"] = conv() ? 5 : 6;
    if (conv()) {
      json["kernel"] = 3;
      json["stride"] = 2;
      json["padding"] = 1;
    }
    return json;
  }
  Shape input() const { return conv() ? Shape{2, 5, 4} : Shape{7}; }
};

inline std::vector<Combination> combinations(bool allowed) {
  std::vector<Combination> list;
  for (const std::string& kind : variance_kinds()) {
    for (const std::string& parameterization : parameterizations().names()) {
      for (const std::string& prior : priors().names()) {
        if (priors().at(prior)({})->allows(parameterization) == allowed)
          list.push_back({kind, parameterization, prior});
      }
    }
  }
  return list;
}

/// With each prior once: for what does not depend on it.
inline std::vector<Combination> without_priors() {
  std::vector<Combination> list;
  for (const Combination& one : combinations(true)) {
    if (one.prior == "log_uniform") list.push_back(one);
  }
  return list;
}

struct Made {
  std::unique_ptr<Layer> layer;
  VarianceLayer* variance;
};

inline Made make(const Combination& one) {
  Made made{layer_kinds().at(one.kind).make(one.options(), one.input()), nullptr};
  made.variance = made.layer->as_variance();
  made.layer->place("layer1", kNumber);
  made.layer->initialize({11, Stream::initial_value, kNumber, 0});
  at::manual_seed(5);
  for (Parameter& parameter : made.layer->parameters()) {
    at::Tensor& tensor = *parameter.tensor;
    // Off the symmetric start, so that a gradient summed over the wrong entries shows.
    tensor = tensor + 0.3 * at::rand(tensor.sizes());
    if (parameter.name == "bias") tensor = at::rand(tensor.sizes());
    tensor = tensor.to(test_device()).detach().requires_grad_(true);
  }
  return made;
}

inline at::Tensor images(const Combination& one, std::int64_t count) {
  at::manual_seed(6);
  Shape shape = one.input();
  shape.insert(shape.begin(), count);
  at::Tensor x = at::randn(shape);
  x[0].zero_();  // v = 0 there: an infinite slope of the square root
  return x;
}

inline Forward sampled(std::int64_t rows, std::int64_t member) {
  return {Mode::sampled,
          true,
          {9, Stream::training, 0, 0},
          (at::arange(rows, at::kLong) + 100).to(test_device()),
          at::full({1}, member, at::kLong).to(test_device())};
}

inline at::Tensor apply(const Combination& one, const at::Tensor& x, const at::Tensor& weight,
                        const std::optional<at::Tensor>& bias) {
  return one.conv() ? at::conv2d(x, weight, bias, 2, 1) : at::linear(x, weight, bias);
}

/// The noise of an output [N, C] or [N, C, H, W] from its definition: unit by position, then
/// channel.
inline at::Tensor noise_like(const at::Tensor& b, std::int64_t member) {
  at::Tensor eps = at::empty(b.sizes(), at::kDouble);
  const std::int64_t channels = b.size(1), positions = b.numel() / (b.size(0) * channels);
  const at::Tensor flat = eps.view({b.size(0), channels, positions});
  for (std::int64_t n = 0; n < b.size(0); ++n) {
    for (std::int64_t c = 0; c < channels; ++c) {
      for (std::int64_t p = 0; p < positions; ++p) {
        const std::int64_t unit = 4 * (p * ((channels + 3) / 4) + c / 4) + c % 4;
        flat[n][c][p] =
            normal_at({9, Stream::training, kNumber, 0}, static_cast<std::uint32_t>(100 + n),
                      static_cast<std::uint32_t>(member), static_cast<std::uint64_t>(unit));
      }
    }
  }
  return eps;
}

/// The KL term of the weights of `kept` (bool; undefined: all).
inline at::Tensor reference_kl(const Combination& one, const at::Tensor& mean,
                               const at::Tensor& theta, const at::Tensor& kept = {}) {
  const auto chosen = [&](const at::Tensor& each) {
    return kept.defined() ? each.expand_as(mean).masked_select(kept) : each;
  };
  if (one.prior == "student_t") {
    const at::Tensor variance = reference::variance(one.parameterization, mean, theta);
    return reference::student_t(chosen(mean), chosen(variance), kNu).sum();
  }
  const at::Tensor la = reference::log_alpha(one.parameterization, mean, theta);
  if (!la.defined()) return at::zeros({}, at::kDouble);
  return one.prior == "log_uniform" ? reference::log_uniform_approximation(chosen(la)).sum()
                                    : reference::log_uniform_exact(chosen(la)).sum();
}

}  // namespace varphase
