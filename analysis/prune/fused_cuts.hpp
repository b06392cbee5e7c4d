// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "analysis/prune/cuts.hpp"
#include "src/models/head.hpp"

namespace varphase {

/// The head, where cuts of these layers can be predicted in one pass: one layer, the head of
/// find_head, no noise before it, of a size that the kernel takes.
std::optional<HeadParts> fused_head(const Network& network,
                                    const std::vector<PrunableLayer>& layers,
                                    const DeviceImages& images);

/// score_cuts of one such layer, over a trunk computed once; `advanced` counts each image once.
std::vector<ScoredVariant> score_head_cuts(Network& network, const PrunableLayer& layer,
                                           const Cuts& cuts, const DeviceImages& images,
                                           const DeviceImages* train, const CutRequest& request,
                                           const std::function<void(std::int64_t)>& advanced);

}  // namespace varphase
