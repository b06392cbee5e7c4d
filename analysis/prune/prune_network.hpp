// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analysis/prune/choose_cut.hpp"
#include "analysis/prune/cost.hpp"
#include "analysis/prune/criteria.hpp"
#include "analysis/sparse/compact.hpp"
#include "analysis/sparse/sparse_model.hpp"

namespace varphase {

/// A network that is to be pruned, with what that takes.
struct PruningInput {
  Network& network;
  std::vector<PrunableLayer> layers;  // with input_square where the repair matches variances
  std::vector<ScoreInputs> scores;    // of these layers: what the criterion takes (score_inputs)
  const DeviceImages& train;
  const DeviceImages* validation = nullptr;  // of CutPlace::choose
  const SparseModel* before = nullptr;       // the pruned file that it came from
  std::string origin;                        // its file, named in errors
};

struct PrunedNetwork {
  ChosenCut chosen;
  SparseModel model;  // dead units taken out where the structure says so
  NetworkCost cost;
  std::vector<CompactedLayer> units;   // empty: of Structure::none
  std::int64_t weights = 0, kept = 0;  // of the pruned layers
  double network_sparsity = 0;         // dropped of all the network's weights
  std::int64_t dense_bytes = 0;        // of the whole network's means, nothing taken out

  double sparsity() const;  // of the pruned layers
};

/// Ranks the layers' weights, chooses which to drop, drops them and repairs the network (Pruning::repair). The weights
/// of input.network become the pruned ones. The model's epoch and provenance are left to the caller.
/// @param config  resolved configuration of the run, JSON; its "network" is the network's spec
/// @param advanced  called with numbers of images as they are predicted to choose a cut (images_to_choose in all)
/// @throws Error usage as check_pruning and choose_cut, or without validation images for `choose`.
PrunedNetwork prune_network(const PruningInput& input, const Pruning& pruning,
                            const std::string& config,
                            const std::function<void(std::int64_t images)>& advanced);

/// Images that prune_network predicts to choose a cut; 0 where the cut is given.
std::int64_t images_to_choose(const PruningInput& input, const Pruning& pruning);

}  // namespace varphase
