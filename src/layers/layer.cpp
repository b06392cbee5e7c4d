// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/layers/layer.hpp"

#include <algorithm>

#include "src/layers/variance_layer.hpp"

namespace varphase {

std::vector<Layer*> modules(Layer& layer) {
  std::vector<Layer*> list{&layer};
  for (Layer* child : layer.children()) {
    const std::vector<Layer*> within = modules(*child);
    list.insert(list.end(), within.begin(), within.end());
  }
  return list;
}

bool draws_noise(Layer& layer) {
  const std::vector<Layer*> list = modules(layer);
  return std::any_of(list.begin(), list.end(), [](const Layer* own) {
    return own->traits().noise != LayerTraits::Noise::none;
  });
}

WeightAndBias weight_and_bias(Layer& layer) {
  WeightAndBias found;
  if (const VarianceLayer* variance = layer.as_variance())
    found.weight = variance->effective_mean();
  for (const Parameter& parameter : layer.parameters()) {
    if (parameter.name == "weight") found.weight = *parameter.tensor;
    if (parameter.name == "bias") found.bias = *parameter.tensor;
  }
  return found;
}

}  // namespace varphase
