// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/prune/cost.hpp"
#include "analysis/sparse/compact.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// A pruned file that was written.
struct PruneResult {
  std::string path;
  Json images;                         // the run's, as trained_images says it
  NetworkCost cost;                    // its layers are the pruned ones
  std::int64_t weights = 0, kept = 0;  // of these layers
  double sparsity = 0;                 // of these layers
  double network_sparsity = 0;         // of all weights of the network
  std::int64_t bytes = 0;              // of the file
  std::int64_t dense_bytes = 0;        // of the network's means
  std::string criterion, scope, replace, repair, structure;
  std::string smooth, kappa_map;      // how kappa was smoothed, where its map lay; else ""
  std::string cut;                    // where: "sparsity 0.95"
  std::vector<CompactedLayer> units;  // what was taken out; empty: structure none
};

/// docs/cli.md, `prune --json`.
Json to_json(const PruneResult& result);

}  // namespace varphase
