// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "analysis/prune/pruning.hpp"
#include "analysis/prune/sweep.hpp"

namespace varphase {

/// Which weights go, and by which threshold or sparsity that was decided.
struct ChosenCut {
  Cut cut;
  Replacement rule = Replacement::zero;
  double threshold = std::numeric_limits<double>::quiet_NaN();  // NaN: cut by sparsity
  std::string how;                                              // "threshold 10^1.5"
};

/// Turns a ranking of weights into one of whole units: each weight gets its unit's score (unit_scores).
/// @throws Error usage where all units have the same score.
Ranking ranking_of_units(Ranking ranking);

/// The sweep by whose rows CutPlace::choose decides.
SweepRequest sweep_to_choose(const Pruning& pruning);

/// The masks that the user asked for, by threshold, by sparsity, or by the best row of a sweep; with
/// Structure::neurons they drop whole units.
/// @param ranking  of these layers; of Structure::neurons ranking_of_units
/// @param sweep  with CutPlace::choose: the rows of sweep_to_choose; else null
/// @param origin  the network's file, named in errors
/// @throws Error usage where no row of the sweep will do, or nothing is dropped that was not dropped
/// before.
ChosenCut choose_cut(const std::vector<PrunableLayer>& layers, const Ranking& ranking,
                     const Pruning& pruning, const SweepResult* sweep, const std::string& origin);

}  // namespace varphase
