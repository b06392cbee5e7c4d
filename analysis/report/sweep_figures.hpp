// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/base/json.hpp"

namespace varphase {

/// What the page's figures need of a sweep's file, in a schema that the page's script may rely on.
///
///     {"file", "epoch", "layer", "layers": [name], "criterion", "smooth", "split", "samples", "predicted_images",
///      "full": {"accuracy", "accuracy_se", "nll", "bytes"},
///      "rows": [{"criterion", "log10_threshold", "wanted_sparsity", "sparsity", "network_sparsity", "kept", "replace",
///                "repair", "accuracy", "accuracy_se", "difference", "difference_se", "nll", "bytes",
///                "kept_by_layer": [of each of layers]}],
///      "chosen": null | {"row", "rule", "split", "test": {"images", "accuracy", "difference", "difference_se"}}}
///
/// A row was cut at a threshold of the scores, or at a share of each layer; the other of the two is null.
Json sweep_data(const std::string& file, const Json& sweep);

/// Which of these the page opens with: one with a choice before one without, one by kappa alone before one of
/// criteria, the newest epoch's; null of none.
Json leading_sweep(const Json& sweeps);

}  // namespace varphase
