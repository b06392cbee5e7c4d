// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// prune_checkpoint CHECKPOINT SPARSITY OUT: cuts a checkpoint's variance layers by kappa into a pruned file.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <fmt/core.h>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/kappa/threshold.hpp"
#include "analysis/prune/prunable_layers.hpp"
#include "analysis/prune/prune_network.hpp"
#include "analysis/prune/ranking.hpp"
#include "src/torch/numerics.hpp"
#include "tools/app/loaded_network.hpp"
#include "tools/app/run_images.hpp"

namespace {

using namespace varphase;

void prune(const char* checkpoint, double sparsity, const char* out) {
  LoadedNetwork loaded = load_network_file(checkpoint, at::kCPU);
  set_numerics(loaded.config.train.deterministic, false);
  const Dataset dataset = open_dataset(loaded.config.data, "");
  const DeviceImages images = to_device(dataset.train, Split::train, at::kCPU);

  const KappaMap map = compute_kappa(loaded.network, images, {}, [](std::int64_t) {});
  for (const LayerKappa& layer : map.layers)
    fmt::print("{}: {} of {} weights over kappa_0\n", layer.layer, layer.over(kDefaultKappa0),
               layer.count());

  Pruning pruning;
  pruning.place.sparsity = sparsity;
  pruning.replace = Replacement::mean;
  const std::vector<PrunableLayer> layers =
      prunable_layers(loaded.network, {}, nullptr, checkpoint);
  const PruningInput input{.network = loaded.network,
                           .layers = layers,
                           .scores = score_inputs(loaded.network, layers, {pruning.criterion}, &map,
                                                  "", images, pruning.seed),
                           .train = images,
                           .origin = checkpoint};
  PrunedNetwork pruned = prune_network(input, pruning, loaded.config_text, [](std::int64_t) {});
  pruned.model.epoch = loaded.epoch;
  write_document(out, to_document(pruned.model));

  const LoadedNetwork again = load_network_file(out, at::kCPU);
  for (const PrunedLayer& layer : again.pruned->layers)
    fmt::print("{}: {} of {} weights kept\n", layer.layer, layer.kept(), layer.count());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::fputs("prune_checkpoint CHECKPOINT SPARSITY OUT\n", stderr);
    return 2;
  }
  try {
    prune(arguments[1], std::atof(arguments[2]), arguments[3]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "prune_checkpoint: %s\n", error.what());
    return 1;
  }
  return 0;
}
