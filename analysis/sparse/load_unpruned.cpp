// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/load_unpruned.hpp"

namespace varphase {

VarianceLayer& layer_of(Network& network, const PrunedLayer& pruned) {
  Layer& layer = network.layer(pruned.layer);
  VarianceLayer* variance = layer.as_variance();
  VARPHASE_CHECK(variance != nullptr, ErrorKind::shape,
                 "pruned layer {} is a {} in the network of its config", pruned.layer,
                 layer.kind());
  VARPHASE_CHECK(variance->mean().sizes().vec() == pruned.shape, ErrorKind::shape,
                 "pruned layer {} has shape {}, the network of its config wants {}", pruned.layer,
                 shape_text(pruned.shape), shape_text(variance->mean().sizes().vec()));
  return *variance;
}

void load_unpruned(Network& network, const SparseModel& model) {
  // As from a checkpoint, and checked as there.
  Snapshot snapshot;
  store_network(network, snapshot);
  std::vector<Array> stored = model.parameters;
  for (Array& own : snapshot.parameters) {
    for (const PrunedLayer& pruned : model.layers) {
      const bool of_layer = own.name.rfind(pruned.layer + "/", 0) == 0;
      if (of_layer && own.name != pruned.layer + "/bias") stored.push_back(own);
    }
  }
  snapshot.parameters = std::move(stored);
  snapshot.buffers = model.buffers;
  load_network(network, snapshot);
}

}  // namespace varphase
