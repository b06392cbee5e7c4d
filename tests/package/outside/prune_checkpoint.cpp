// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// prune_checkpoint CHECKPOINT SPARSITY MASK: cuts a checkpoint's variance layers by kappa and writes
// the mask of the first, a byte a weight, 1 = kept.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

#include "analysis/kappa/compute_kappa.hpp"
#include "analysis/prune/cuts.hpp"
#include "analysis/prune/ranking.hpp"
#include "analysis/prune/sweep.hpp"
#include "checkpoints/snapshot_file.hpp"
#include "src/base/config.hpp"
#include "src/base/json.hpp"
#include "src/data/normalization.hpp"
#include "src/models/network.hpp"
#include "src/torch/numerics.hpp"
#include "src/train/train_config.hpp"

namespace {

using namespace varphase;

DeviceImages training_images(const DataConfig& config) {
  DataRequest request;
  request.data = config.data;
  request.train_limit = config.train_limit;
  request.test_limit = config.test_limit;
  request.validation = config.validation;
  Dataset dataset = read_dataset(request);
  if (config.normalize != "none") normalize(dataset, channel_statistics(dataset.train));
  return to_device(dataset.train, Split::train, at::kCPU);
}

void prune(const char* checkpoint, double sparsity, const char* mask_file) {
  const Snapshot snapshot = read_snapshot(checkpoint);
  RunConfig config;
  assign_fields(config, parse_json(snapshot.config, checkpoint));
  set_numerics(config.train.deterministic, false);
  Network network(config.network);
  load_network(network, snapshot);
  const DeviceImages images = training_images(config.data);

  const KappaMap map = compute_kappa(network, images, {}, [](std::int64_t) {});
  for (const LayerKappa& layer : map.layers)
    std::printf("%s: %lld of %lld weights over kappa_0\n", layer.layer.c_str(),
                static_cast<long long>(layer.over(1)), static_cast<long long>(layer.count()));

  std::vector<PrunableLayer> layers;
  for (VarianceLayer* layer : network.variance_layers())
    layers.push_back({network.position(layer->name()), layer, {}, {}});
  const Ranking ranking =
      rank("kappa", score_inputs(network, layers, {"kappa"}, &map, "", images, config.train.seed),
           at::kCPU);
  const Cut cut = cut_at({true, sparsity}, ranking, layers, Scope::layer);
  apply_cut(network, layers, cut, Replacement::mean, Repair::none, nullptr);

  std::ofstream file(mask_file, std::ios::binary);
  for (const float kept : host_floats(cut.front())) file.put(kept > 0 ? '\1' : '\0');
  if (!file.flush()) throw std::runtime_error("the mask cannot be written");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::fputs("prune_checkpoint CHECKPOINT SPARSITY MASK\n", stderr);
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
