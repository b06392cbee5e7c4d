// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <map>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "src/models/network.hpp"
#include "src/noise/normal_fill.hpp"
#include "src/torch/device_images.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "tests/support/device.hpp"
#include "tests/support/golden.hpp"

namespace varphase {

inline constexpr std::int64_t kPlainImages = 11;

inline std::uint8_t plain_byte(std::int64_t n, std::int64_t i) {
  return static_cast<std::uint8_t>((n * 53 + i * (n % 3 + 1) * 17) % 256);
}

/// Images of 2 x 5 x 5; their numbers in the set have gaps.
inline DeviceImages plain_images() {
  ImageSet set{2, 5, 5, {}, {}, {}};
  for (std::int64_t n = 0; n < kPlainImages; ++n) {
    for (std::int64_t i = 0; i < 50; ++i) set.pixels.push_back(plain_byte(n, i));
    set.labels.push_back(n % 3);
    set.index.push_back(2 * n + 1);
  }
  return to_device(set, Split::train, test_device());
}

inline at::Tensor plain_pixels() {
  at::Tensor x = at::empty({kPlainImages, 50}, at::kDouble);
  for (std::int64_t n = 0; n < kPlainImages; ++n)
    for (std::int64_t i = 0; i < 50; ++i) x[n][i] = plain_byte(n, i) / 255.0;
  return x.reshape({kPlainImages, 2, 5, 5});
}

inline at::Tensor plain_labels() { return at::arange(kPlainImages, at::kLong).remainder(3); }

/// The normal numbers of an output [N, J] or [N, J, H, W] of layer `number`, one by one.
inline at::Tensor noise_like(const at::Tensor& b, NoiseKey key, std::uint16_t number,
                             std::uint32_t member) {
  key.layer = number;
  const at::Tensor eps = at::empty(b.sizes(), at::kDouble).reshape({b.size(0), b.size(1), -1});
  for (std::int64_t n = 0; n < eps.size(0); ++n) {
    for (std::int64_t j = 0; j < eps.size(1); ++j) {
      for (std::int64_t p = 0; p < eps.size(2); ++p) {
        eps[n][j][p] =
            normal_at(key, static_cast<std::uint32_t>(2 * n + 1), member,
                      output_unit(static_cast<std::uint32_t>(p), static_cast<std::uint32_t>(j),
                                  static_cast<std::uint32_t>(eps.size(1))));
      }
    }
  }
  return eps.reshape(b.sizes());
}

/// A network of two variance layers, a convolution with padding and a dense one, and beside it the
/// same in plain float64 Torch.
struct PlainNetwork {
  struct Statistics {
    at::Tensor mean, var;
  };
  struct Weights {
    at::Tensor mean, variance;
  };
  struct Moments {
    at::Tensor mean, variance;
  };

  Network network;
  std::map<std::string, at::Tensor> values;  // float64, parameters by name
  std::array<Statistics, 3> statistics;
  Weights weights1, weights2;

  PlainNetwork()
      : network(Json::parse(R"({"input": [2, 5, 5], "classes": 3, "layers": [
          {"variance_conv2d": {"out": 4, "kernel": 3, "padding": 1, "log_alpha": -1}},
          "batch_norm", "softplus",
          {"variance_dense": {"out": 5, "log_alpha": -0.5, "bias": true}}, "batch_norm", "tanh",
          {"dense": {"out": 6}}, "batch_norm", "softplus", {"dense": {"out": 3}}]})")) {
    use_torch_threads();
    network.initialize(4);
    at::manual_seed(5);
    for (auto& [name, parameter] : network.parameters()) {
      // Norms that do something, and a bias that is not zero.
      if (name.find("batch_norm") == 0 || name == "dense1/bias")
        *parameter.tensor = at::rand(parameter.tensor->sizes()) + 0.5;
    }
    for (auto& [name, buffer] : network.buffers())
      *buffer.tensor = at::rand(buffer.tensor->sizes()) * 0.3 + 0.4;
    network.to(test_device());
    const auto wide = [](const at::Tensor& tensor) {
      return tensor.detach().to(at::kCPU, at::kDouble).contiguous();
    };
    for (const auto& [name, parameter] : network.parameters())
      values[name] = wide(*parameter.tensor);
    std::map<std::string, at::Tensor> buffers;
    for (const auto& [name, buffer] : network.buffers()) buffers[name] = wide(*buffer.tensor);
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string norm = fmt::format("batch_norm{}/", i + 1);
      statistics[i] = {buffers[norm + "running_mean"], buffers[norm + "running_var"]};
    }
    for (auto [own, layer] : {std::pair{&weights1, "conv1/"}, {&weights2, "dense1/"}}) {
      own->mean = values[std::string(layer) + "mean"];
      own->variance = values[std::string(layer) + "log_alpha"].exp() * own->mean.square();
    }
  }

  Moments conv1(const at::Tensor& x) const {
    return {at::conv2d(x, weights1.mean, {}, 1, 1),
            at::conv2d(x.square(), weights1.variance, {}, 1, 1)};
  }
  Moments dense1(const at::Tensor& x) const {
    const at::Tensor a = x.flatten(1);
    return {at::linear(a, weights2.mean, values.at("dense1/bias")),
            at::linear(a.square(), weights2.variance)};
  }
  at::Tensor dense2(const at::Tensor& x) const {
    return at::linear(x, values.at("dense2/weight"), values.at("dense2/bias"));
  }
  /// Batch norm i, and the activation behind it.
  at::Tensor behind_norm(std::size_t i, const at::Tensor& b) const {
    const std::string norm = fmt::format("batch_norm{}/", i + 1);
    std::vector<std::int64_t> shape(static_cast<std::size_t>(b.dim()), 1);
    shape[1] = b.size(1);
    const auto as_channel = [&](const at::Tensor& t) { return t.reshape(shape); };
    const at::Tensor h = (b - as_channel(statistics[i].mean)) /
                             (as_channel(statistics[i].var) + 1e-5).sqrt() *
                             as_channel(values.at(norm + "weight")) +
                         as_channel(values.at(norm + "bias"));
    return i == 1 ? h.tanh() : (1 + h.exp()).log();
  }
  /// Logits with every output drawn by that key and member, or at its mean.
  at::Tensor logits(const at::Tensor& x, const NoiseKey* key, std::uint32_t member) const {
    const auto drawn = [&](const Moments& moments, std::uint16_t number) {
      if (key == nullptr) return moments.mean;
      return moments.mean +
             noise_like(moments.mean, *key, number, member) * (moments.variance + 1e-16).sqrt();
    };
    const at::Tensor a = behind_norm(0, drawn(conv1(x), 0));
    const at::Tensor z = behind_norm(1, drawn(dense1(a), 3));
    return at::linear(behind_norm(2, dense2(z)), values.at("dense3/weight"),
                      values.at("dense3/bias"));
  }
  /// Mean over members of their probabilities, logarithm.
  at::Tensor ensemble(const at::Tensor& x, const NoiseKey& key, std::uint32_t members) const {
    at::Tensor p;
    for (std::uint32_t k = 0; k < members; ++k) {
      const at::Tensor one = at::softmax(logits(x, &key, k), 1);
      p = p.defined() ? p + one : one;
    }
    return (p / static_cast<double>(members)).log();
  }
};

}  // namespace varphase
