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

/// Layers with all that their scores and repair take; how the curvature was smoothed and where its
/// map lay ("" where none was asked for).
struct PruningScores {
  std::vector<PrunableLayer> layers;
  std::vector<ScoreInputs> inputs;
  std::string smooth, map;
};

/// @param layers  prunable_layers of the source's network
/// @param criteria  by which the layers will be ranked
/// @param smooth  of kappa, as KappaRequest has it @param seed  of noise and of random scores
/// @param job  hears of a kappa map that has to be computed
PruningScores prepare_scores(PruningSource& source, std::vector<PrunableLayer> layers,
                             const std::vector<std::string>& criteria, Repair repair,
                             const DeviceImages& train, const std::string& smooth,
                             std::uint64_t seed, Job& job);

}  // namespace varphase
