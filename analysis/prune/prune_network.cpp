// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/prune_network.hpp"

#include "analysis/predict/sampled_inputs.hpp"
#include "analysis/prune/network_cost.hpp"
#include "analysis/prune/pruned_model.hpp"
#include "analysis/prune/ranking.hpp"

namespace varphase {
namespace {

ChosenCut choose(const PruningInput& input, const Pruning& pruning,
                 const std::function<void(std::int64_t)>& advanced) {
  Ranking ranking = rank(pruning.criterion, input.scores, input.train.labels.device());
  if (pruning.structure == Structure::neurons) ranking = ranking_of_units(std::move(ranking));
  if (pruning.place.choose.empty())
    return choose_cut(input.layers, ranking, pruning, nullptr, input.origin);
  VARPHASE_CHECK(input.validation != nullptr, ErrorKind::usage,
                 "{}: a cut is chosen on validation images, and none are given", input.origin);
  const SweepResult rows = sweep(input.network, input.layers, {ranking}, *input.validation,
                                 &input.train, sweep_to_choose(pruning), advanced);
  return choose_cut(input.layers, ranking, pruning, &rows, input.origin);
}

}  // namespace

double PrunedNetwork::sparsity() const {
  return static_cast<double>(weights - kept) / static_cast<double>(weights);
}

PrunedNetwork prune_network(const PruningInput& input, const Pruning& pruning,
                            const std::string& config,
                            const std::function<void(std::int64_t)>& advanced) {
  check_pruning(pruning);
  PrunedNetwork pruned;
  pruned.chosen = choose(input, pruning, advanced);
  SampledInputs passes(input.network, input.train, pruning.seed, first_position(input.layers));
  apply_cut(input.network, input.layers, pruned.chosen.cut, pruned.chosen.rule, pruning.repair,
            &passes);

  SparseModel model = pruned_model(input.network, input.layers, pruned.chosen, input.before);
  model.config = config;
  pruned.cost = network_cost(input.network, model);
  for (const PrunedLayer& layer : model.layers) {
    pruned.weights += layer.count();
    pruned.kept += layer.kept();
  }
  pruned.network_sparsity = model.sparsity();
  pruned.dense_bytes = dense_bytes(model);
  if (pruning.structure == Structure::none) {
    pruned.model = std::move(model);
    return pruned;
  }
  CompactModel compacted = compact(model);
  pruned.model = std::move(compacted.model);
  pruned.units = std::move(compacted.layers);
  return pruned;
}

std::int64_t images_to_choose(const PruningInput& input, const Pruning& pruning) {
  if (pruning.place.choose.empty() || input.validation == nullptr) return 0;
  return images_of_sweep(input.network, input.layers, 1, *input.validation,
                         sweep_to_choose(pruning));
}

}  // namespace varphase
