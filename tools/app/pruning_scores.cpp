// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/pruning_scores.hpp"

#include <algorithm>

#include "analysis/predict/sampled_inputs.hpp"
#include "tools/app/taken_map.hpp"

namespace varphase {

PruningScores prepare_scores(PruningSource& source, std::vector<PrunableLayer> layers,
                             const std::vector<std::string>& names, Repair repair,
                             const DeviceImages& train, const std::string& smooth,
                             std::uint64_t seed, Job& job) {
  PruningScores scores;
  const auto any = [&](const auto& takes) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return takes(criteria().at(name)); });
  };
  Network& network = source.loaded.network;
  if (mends_variance(repair) || any([](const Criterion& row) { return row.inputs; })) {
    // Of one layer nothing is asked twice.
    SampledInputs passes(network, train, seed, layers.size() > 1 ? first_position(layers) : 0);
    for (PrunableLayer& layer : layers) layer.input_square = passes.mean_square(layer.position);
  }
  std::optional<KappaMap> map;
  std::string no_curvature;
  if (any([](const Criterion& row) { return row.curvature; })) {
    try {
      TakenMap taken =
          kappa_of(network, source.maps, source.epoch(), train, source.dataset.digest, smooth, job);
      map = std::move(taken.map);
      scores.smooth = map->smooth;
      scores.map = std::move(taken.from);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unsupported) throw;
      no_curvature = error.what();
    }
  }
  scores.inputs =
      score_inputs(network, layers, names, map ? &*map : nullptr, no_curvature, train, seed);
  scores.layers = std::move(layers);
  return scores;
}

}  // namespace varphase
