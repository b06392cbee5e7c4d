// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/prune/cost.hpp"
#include "analysis/sparse/sparse_model.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// What a pruned layer costs.
/// @param replace  "mean": all means stay; "zero": only those of kept weights @param kept  number of weights that the
///   mask keeps
/// @param alpha_is_shared  whether the file stores one alpha in place of all variances
LayerCost layer_cost(const VarianceLayer& layer, const std::string& replace, std::int64_t kept,
                     bool alpha_is_shared);

/// @param pruned  the pruned layers; all others cost what they are
NetworkCost network_cost(const Network& network, const std::vector<LayerCost>& pruned);
/// Of a network and what a file holds of it.
NetworkCost network_cost(const Network& network, const SparseModel& model);

}  // namespace varphase
