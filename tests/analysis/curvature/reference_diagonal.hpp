// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <random>
#include <string>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "src/models/network.hpp"

namespace varphase {

/// A float64 network with random weights and batch-norm statistics.
inline Network random_network(const Json& spec, int seed) {
  at::manual_seed(seed);
  Network network(spec);
  network.initialize(static_cast<std::uint64_t>(seed));
  for (auto& entry : network.parameters()) {
    at::Tensor& tensor = *entry.parameter.tensor;
    if (entry.parameter.role == Role::weight) {
      const double fan_in = tensor.dim() > 1 ? static_cast<double>(tensor[0].numel()) : 1;
      tensor = at::randn(tensor.sizes()) * 1.5 / std::sqrt(fan_in);
    }
  }
  for (auto& entry : network.buffers()) {
    at::Tensor& tensor = *entry.buffer.tensor;
    const bool variance = entry.name.find("running_var") != std::string::npos;
    tensor = variance ? at::rand(tensor.sizes()) + 0.5 : at::randn(tensor.sizes()) * 0.3;
  }
  network.to(at::kDouble);
  return network;
}

/// The weights (or means) of a layer by name.
inline at::Tensor& weight_of(Network& network, const std::string& layer) {
  for (auto& entry : network.parameters()) {
    if (entry.name == layer + "/weight" || entry.name == layer + "/mean")
      return *entry.parameter.tensor;
  }
  throw std::runtime_error("no weights in " + layer);
}

struct ReferenceDiagonal {
  at::Tensor hessian, gradient, fisher;
};

/// One double backward pass for each weight, one backward pass for each image.
inline ReferenceDiagonal reference_diagonal(Network& network, const std::string& layer,
                                            const at::Tensor& x, const at::Tensor& labels) {
  at::Tensor& weight = weight_of(network, layer);
  weight = weight.detach().contiguous().set_requires_grad(true);
  const auto nll = [&](std::int64_t first, std::int64_t count) {
    return at::cross_entropy_loss(network.forward(x.narrow(0, first, count), Forward{}),
                                  labels.narrow(0, first, count), {}, at::Reduction::Sum);
  };
  ReferenceDiagonal found;
  const at::Tensor gradient =
      torch::autograd::grad({nll(0, x.size(0))}, {weight}, {}, true, true)[0];
  found.gradient = gradient.detach().clone();
  const at::Tensor flat = gradient.flatten();
  found.hessian = at::zeros({weight.numel()}, at::kDouble);
  for (std::int64_t i = 0; i < weight.numel(); ++i) {
    const at::Tensor row =
        torch::autograd::grad({flat[i]}, {weight}, {}, true, false, /*allow_unused=*/true)[0];
    if (row.defined()) found.hessian[i] = row.flatten()[i];
  }
  found.hessian = found.hessian.view_as(weight);
  found.fisher = at::zeros_like(found.gradient);
  for (std::int64_t n = 0; n < x.size(0); ++n)
    found.fisher += torch::autograd::grad({nll(n, 1)}, {weight})[0].square();
  weight = weight.detach();
  return found;
}

}  // namespace varphase
