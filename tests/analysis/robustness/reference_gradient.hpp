// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "analysis/robustness/input_gradient.hpp"
#include "src/layers/layer.hpp"
#include "src/layers/sampling.hpp"
#include "tests/support/device.hpp"

namespace varphase {

/// The layer in front of all noise, and behind some.
inline std::vector<Json> networks_with(const Json& layer) {
  const Json first{{"conv2d", {{"out", 4}, {"kernel", 3}, {"padding", 1}}}};
  const Json noisy{
      {"variance_conv2d",
       {{"out", 4}, {"kernel", 3}, {"padding", 1}, {"log_alpha", -1}, {"bias", true}}}};
  const Json dense{{"variance_dense", {{"out", 6}, {"log_alpha", 1}}}};
  const Json last{{"dense", {{"out", 3}}}};
  return {Json{first, "batch_norm", layer, dense, "batch_norm", "softplus", last},
          Json{noisy, "batch_norm", layer, dense, "softplus", last}};
}

inline at::Tensor noise_of(const at::Tensor& like, const Forward& how, std::uint16_t number) {
  return sample_output({}, at::ones_like(like, like.options().dtype(at::kFloat)).detach(), how,
                       number)
      .to(at::kDouble);
}

/// One member's logits in float64, layer by layer, with the float32 network's noise.
inline at::Tensor member_logits(Network& wide, Network& narrow, at::Tensor x, const Forward& how) {
  for (std::size_t i = 0; i < wide.layers().size(); ++i) {
    Layer& layer = *wide.layers()[i];
    if (VarianceLayer* variance = layer.as_variance(); variance && how.mode == Mode::sampled) {
      const at::Tensor v = variance->output_variance(x, variance->weight_variance());
      x = variance->output_mean(x, variance->mean()) +
          (v + 1e-16).sqrt() * noise_of(v, how, layer.number());
    } else if (draws_noise(layer) &&
               how.mode == Mode::sampled) {  // dropout: ones times its factors
      x = x * narrow.layers()[i]->forward(at::ones_like(x, at::kFloat), how).to(at::kDouble);
    } else {
      x = layer.forward(x, how);
    }
  }
  return x;
}

inline Network made(const Json& layers, bool wide) {
  Network network({{"input", {1, 6, 6}}, {"classes", 3}, {"layers", layers}});
  network.initialize(2);
  for (const auto& buffer : network.buffers()) {  // batch norms that do something
    at::Tensor& values = *buffer.buffer.tensor;
    values = values + 0.1 * at::arange(values.numel(), values.options()).reshape(values.sizes());
  }
  if (wide) network.to(at::kDouble);
  network.to(test_device());
  return network;
}

/// By K whole forward passes and one backward pass, in float64.
inline InputGradient reference(const Json& layers, const DeviceImages& images,
                               const at::Tensor& target, const MemberDraws& draws) {
  Network wide = made(layers, true), narrow = made(layers, false);
  const at::Tensor pixels = images.pixels.to(at::kDouble).set_requires_grad(true);
  at::Tensor x = pixels.reshape({-1, 1, 6, 6}) / 255;
  if (images.mean.defined())
    x = (x - images.mean.item<double>()) * images.inverse_std.item<double>();
  at::Tensor p;
  for (std::int64_t k = 0; k < std::max<std::int64_t>(draws.members, 1); ++k) {
    Forward how;
    if (draws.members > 0)
      how = {Mode::sampled, false, draws.key, images.example,
             at::full({1}, draws.first_member + k, target.options())};
    const at::Tensor own = at::softmax(member_logits(wide, narrow, x, how), 1)
                               .gather(1, target.unsqueeze(1))
                               .squeeze(1);
    p = p.defined() ? p + own : own;
  }
  const at::Tensor loss =
      -(p / static_cast<double>(std::max<std::int64_t>(draws.members, 1))).log();
  return {loss.detach(), torch::autograd::grad({loss.sum()}, {pixels})[0]};
}

}  // namespace varphase
