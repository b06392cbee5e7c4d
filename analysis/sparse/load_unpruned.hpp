// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/sparse/sparse_model.hpp"
#include "src/models/network.hpp"

namespace varphase {

/// The variance layer that a pruned layer is in the network of its config. @throws Error shape
/// where there is none of that name and shape.
VarianceLayer& layer_of(Network& network, const PrunedLayer& pruned);

/// Loads all that was not pruned; the pruned layers' own arrays stay as they are in the network,
/// their biases come from the model. Tensors are replaced.
/// @throws Error shape as load_network.
void load_unpruned(Network& network, const SparseModel& model);

}  // namespace varphase
