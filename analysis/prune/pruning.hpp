// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/prune/cut_request.hpp"

namespace varphase {

/// Where to cut, as people write it: exactly one of the four.
struct CutPlace {
  /// On the scores: of kappa "10^1.5", "log:1.5" or "31.6", of other criteria any number.
  std::string threshold;
  std::optional<double> sparsity;   // share of the weights to drop, 0 .. 1
  std::vector<std::string> budget;  // "dense1=0.98": of that layer's weights
  std::string choose;  // "drop<=0.1": the sparsest cut that loses no more points of accuracy
};

/// How a network is pruned: all but the network, its layers and its images.
struct Pruning {
  std::string criterion = "kappa";
  CutPlace place;
  std::optional<Replacement> replace;  // none: zero; with `choose` whichever of both drops more
  Structure structure = Structure::none;
  Scope scope = Scope::layer;
  Repair repair = Repair::none;
  std::int64_t members = 50;  // of the ensemble that `choose` predicts with
  std::uint64_t seed = 1;
};

/// What can be refused before a network is looked at. @throws Error usage.
void check_pruning(const Pruning& pruning);

/// A layer and the share of its weights to drop.
struct LayerShare {
  std::string layer;
  double share = 0;
};
/// "dense1=0.98", and so on. @throws Error usage.
std::vector<LayerShare> parse_budget(const std::vector<std::string>& budget);

/// A threshold on scores: of kappa one of the forms of kappa_0, of other criteria any number.
/// @throws Error usage.
double parse_score(const std::string& text, const std::string& criterion);

}  // namespace varphase
