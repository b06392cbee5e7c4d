// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/network_cost.hpp"

namespace varphase {
namespace {

/// Places of its output that one weight serves.
std::int64_t positions(const Layer& layer) {
  const Shape shape = layer.output_shape();
  return element_count(shape) / shape.front();
}

}  // namespace

LayerCost layer_cost(const VarianceLayer& layer, const std::string& replace, std::int64_t kept,
                     bool alpha_is_shared) {
  const Shape shape = layer.mean().sizes().vec();
  const std::int64_t each = positions(layer), count = element_count(shape);
  const std::int64_t means = replace == "mean" ? count : kept;
  LayerCost cost;
  cost.layer = layer.name();
  cost.weights = count;
  cost.kept = kept;
  cost.dense_bytes = count * static_cast<std::int64_t>(sizeof(float));
  cost.stored_bytes = stored_bytes(replace, shape, kept, alpha_is_shared);
  cost.full = {each * count, 2 * each * count};
  cost.pruned = {each * means, each * (means + kept)};
  return cost;
}

NetworkCost network_cost(const Network& network, const std::vector<LayerCost>& pruned) {
  NetworkCost cost;
  cost.layers = pruned;
  for (Layer* layer : network.modules()) {
    const VarianceLayer* variance = layer->as_variance();
    MultiplyAdds own;
    if (variance != nullptr) {
      own = layer_cost(*variance, "mean", variance->mean().numel(), false).full;
    } else {
      // A weight of a product has an input beside its output; norms and biases have none.
      for (const Parameter& parameter : layer->parameters()) {
        if (parameter.tensor->dim() >= 2) own.mean += parameter.tensor->numel() * positions(*layer);
      }
      own.moments = own.mean;
    }
    MultiplyAdds left = own;
    for (const LayerCost& entry : pruned) {
      if (entry.layer == layer->name()) left = entry.pruned;
    }
    cost.full.mean += own.mean;
    cost.full.moments += own.moments;
    cost.pruned.mean += left.mean;
    cost.pruned.moments += left.moments;
  }
  return cost;
}

NetworkCost network_cost(const Network& network, const SparseModel& model) {
  std::vector<LayerCost> costs;
  for (const PrunedLayer& layer : model.layers)
    costs.push_back(layer_cost(*network.layer(layer.layer).as_variance(), layer.replace,
                               layer.kept(), shared_alpha(layer).has_value()));
  return network_cost(network, costs);
}

}  // namespace varphase
