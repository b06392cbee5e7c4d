// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/prune/ranking.hpp"
#include "tools/app/job.hpp"
#include "tools/app/pruning_source.hpp"

namespace varphase {

/// The layers to be pruned, with everything that ranking their weights and repairing the network reads.
struct PruningScores {
  std::vector<PrunableLayer> layers;
  std::vector<ScoreInputs> inputs;  // by layer: what the criteria compute scores from
  std::string smooth;  // how the curvature was smoothed; "" where no criterion needs curvature
  std::string map;     // the kappa map that it was read from; likewise
};

/// Fills in, for every layer, what these criteria and this repair need: curvature (from the run's kappa map, or
/// computed), gradients, mean squares of inputs.
/// @param layers  prunable_layers of the source's network
/// @param criteria  by which the layers will be ranked
/// @param smooth  of kappa, as KappaRequest has it @param seed  of noise and of random scores
/// @param job  told about a kappa map that has to be computed
PruningScores prepare_scores(PruningSource& source, std::vector<PrunableLayer> layers,
                             const std::vector<std::string>& criteria, Repair repair,
                             const DeviceImages& train, const std::string& smooth,
                             std::uint64_t seed, Job& job);

}  // namespace varphase
