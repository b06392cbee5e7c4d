// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/pruned_model.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>

namespace varphase {
namespace {

PrunedLayer pruned_layer(const VarianceLayer& layer, const at::Tensor& mask,
                         const std::string& rule) {
  std::vector<std::uint8_t> keep;
  for (const float value : host_floats(mask)) keep.push_back(value > 0 ? 1 : 0);
  return make_pruned_layer(
      layer.name(), layer.mean().sizes().vec(), rule, std::string(layer.parameterization().name()),
      host_floats(layer.effective_mean()), host_floats(layer.effective_variance()), keep);
}

/// A layer with the mask that it was trained with.
PrunedLayer as_it_is(const VarianceLayer& layer) {
  const bool held = layer.mask().logical_not().logical_and(layer.mean().ne(0)).any().item<bool>();
  return pruned_layer(layer, layer.mask(), held ? "mean" : "zero");
}

}  // namespace

SparseModel pruned_model(const Network& network, const std::vector<PrunableLayer>& layers,
                         const ChosenCut& chosen, const SparseModel* before) {
  SparseModel model;
  model.threshold = chosen.threshold;
  const auto is_pruned = [&](const std::string& layer) {
    return std::any_of(model.layers.begin(), model.layers.end(),
                       [&](const PrunedLayer& entry) { return entry.layer == layer; });
  };
  for (VarianceLayer* layer : network.variance_layers()) {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      if (layers[l].layer == layer)
        model.layers.push_back(pruned_layer(*layer, chosen.cut[l], replacement_name(chosen.rule)));
    }
    if (is_pruned(layer->name())) continue;
    if (layer->mask().defined()) model.layers.push_back(as_it_is(*layer));
    if (before == nullptr) continue;
    for (const PrunedLayer& entry : before->layers) {
      if (entry.layer == layer->name()) model.layers.push_back(entry);
    }
  }
  for (const auto& [name, parameter] : network.parameters()) {
    const std::string layer = name.substr(0, name.find('/'));
    const bool of_weights = name == layer + "/mean" || parameter.role == Role::variance;
    if (!of_weights || !is_pruned(layer))
      model.parameters.push_back(array_from_tensor(name, *parameter.tensor, parameter.dims));
  }
  for (const auto& [name, buffer] : network.buffers())
    model.buffers.push_back(array_from_tensor(name, *buffer.tensor, buffer.dims));
  return model;
}

}  // namespace varphase
