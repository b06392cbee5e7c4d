// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/prune/cuts.hpp"
#include "analysis/sparse/sparse_model.hpp"

namespace varphase {

/// The variance layers of these names, in network order, with what earlier prunings kept of them;
/// no names: all of them.
/// @param before  the pruned file that the network came from; null: it came from no such file
/// @param origin  the network's file, named in errors
/// @throws Error usage where a name is no variance layer or is there twice, unsupported where the
/// network has none.
std::vector<PrunableLayer> prunable_layers(const Network& network,
                                           const std::vector<std::string>& names,
                                           const SparseModel* before, const std::string& origin);

}  // namespace varphase
