// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "analysis/prune/cuts.hpp"
#include "src/models/head.hpp"

namespace varphase {

/// The head, where cuts of these layers can be predicted in one fused pass: there is one layer, it begins the head that
/// find_head finds, no layer before it draws noise, and the kernel takes a head of that size. Else none.
std::optional<HeadParts> fused_head(const Network& network,
                                    const std::vector<PrunableLayer>& layers,
                                    const DeviceImages& images);

/// score_cuts for such a layer; what comes before the head is computed once. `advanced` is told of each image once.
std::vector<ScoredVariant> score_head_cuts(Network& network, const PrunableLayer& layer,
                                           const Cuts& cuts, const DeviceImages& images,
                                           const DeviceImages* train, const CutRequest& request,
                                           const std::function<void(std::int64_t)>& advanced);

}  // namespace varphase
