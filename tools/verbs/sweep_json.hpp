// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/prune/sweep.hpp"
#include "src/data/dataset.hpp"

namespace varphase {

/// A sweep's result as JSON (docs/files.md, "sweeps"), CSV and a table of text.
struct SweepJson {
  Json json;
  std::string csv;
  std::string table;
};
SweepJson sweep_json(const SweepResult& result, const SweepRequest& request,
                     const LayerKappa& layer, const std::string& smooth, std::int64_t epoch,
                     const std::string& checkpoint, Split split, const std::string& rule,
                     std::int64_t chosen);

}  // namespace varphase
