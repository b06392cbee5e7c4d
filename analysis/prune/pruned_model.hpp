// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "analysis/prune/choose_cut.hpp"
#include "analysis/sparse/sparse_model.hpp"

namespace varphase {

/// A network that has been cut (apply_cut), as a pruned file holds it. What an earlier pruning did to
/// other layers stays. Config, epoch and provenance are the caller's to fill in: the network does
/// not know them.
/// @param before  the pruned file that the network came from; null: it came from no such file
SparseModel pruned_model(const Network& network, const std::vector<PrunableLayer>& layers,
                         const ChosenCut& chosen, const SparseModel* before);

}  // namespace varphase
