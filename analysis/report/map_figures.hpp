// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/kappa/kappa_map.hpp"
#include "src/base/json.hpp"

namespace varphase {

/// What the page's figures need of the map of one layer, however large it is.
///
///     {"layer", "epoch", "shape": [out, in, ..], "weights",
///      "plain", "sorted": [[..]]     largest log10 |kappa| of blocks of the map, null where all are 0; outputs from the
///                                    top, inputs (of a convolution with their places) from the left; sorted: by
///                                    falling sums of |kappa| in both
///      "neurons": [..]               sum of |kappa| of each output's weights, falling, at most 512 of them
///      "proof": null | {"entries", "worst"}}
///
/// @param proof  of `kappa --verify`, or null
Json layer_map_data(const LayerKappa& layer, std::int64_t epoch, const KappaProof* proof);

/// A class's part of it: {"label", "epoch", "layers": [{"layer", "sum", "over"}]}, sum of |kappa|, weights over kappa_0.
Json class_map_data(const KappaMap& map, double kappa0);

}  // namespace varphase
