// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"

namespace varphase {

/// What the page's figures need of an evaluation with tables of metrics, in a schema that the page's script may rely on;
/// null where the evaluation has none.
///
///     {"file", "split", "samples", "seed", "ood": [name],
///      "columns": [{"title", "estimator",
///                   "risk_coverage": {"coverage": [..], "risk": [..]},
///                   "reliability": {"equal_width": {"lower", "upper", "images", "accuracy", "confidence": [..]},
///                                   "equal_mass": {..}},
///                   "entropy": {"most", "own": [..], "ood": [[..]]}}]}
///
/// Lists hold numbers or null; those of one object are of one length.
Json uncertainty_data(const std::string& file, const Json& evaluation);

/// The metrics of an evaluation as tables, one a group: a row for every prediction, 95 % intervals in small; "" where it
/// has none.
std::string uncertainty_tables(const std::string& file, const Json& evaluation);

}  // namespace varphase
