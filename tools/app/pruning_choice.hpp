// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/config.hpp"

namespace varphase {

/// What is cut, by what scale, and how it is mended: part of the requests of sweep and prune.
struct PruningChoice {
  TextList layer;
  std::string scope = "layer";
  std::string repair = "none";
  std::string smooth = "auto";

  template <class Visitor>
  void visit_fields(Visitor&& visit) {
    visit("layer", layer,
          FieldInfo{.help = "the variance layers, with commas between: conv1,dense1 [all of the "
                            "network]"});
    visit("scope", scope,
          FieldInfo{.help = "what a sparsity is a share of: layer (of each) or global (of all "
                            "together, on one scale of scores)"});
    visit("repair", repair,
          FieldInfo{.help = "none, batch-norm (statistics of the batch norms behind re-estimated), "
                            "variance (kept variances scaled to their output's former sum), both"});
    visit("smooth", smooth,
          FieldInfo{.help = "as kappa has it: a map that is there so is taken, else made"});
  }
};

}  // namespace varphase
