// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/sparse/sparse_model.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// The layer of the network that a pruned layer belongs to. @throws Error shape where there is no variance layer of
/// that name and shape.
VarianceLayer& layer_of(Network& network, const PrunedLayer& pruned);

/// Loads everything of a model but the pruned layers' weights, which stay as they are in the network; their biases are
/// loaded. Tensors are replaced. @throws Error shape as load_network.
void load_unpruned(Network& network, const SparseModel& model);

}  // namespace varphase
