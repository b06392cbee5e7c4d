// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "analysis/prune/cost.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// A list with weights, sparsity, compressions, bytes and multiply-adds of each pruned layer.
Json layers_json(const NetworkCost& cost);
/// The same as a table, and a row of all together where there are several.
std::string layers_text(const NetworkCost& cost, bool wide);
/// "57.6k", "2.29M".
std::string adds_text(std::int64_t adds);

}  // namespace varphase
