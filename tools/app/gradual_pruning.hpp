// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// The scores that Trainer::prune takes, of the network as it stands when they are asked for: more
/// means keep. Without a Hessian, so that they cost one pass over the images at most.
/// @param criterion  one of train.prune_criterion's choices @param seed of the noise before a layer
std::function<at::Tensor(const VarianceLayer& layer)> pruning_score(Network& network,
                                                                    const DeviceImages& images,
                                                                    const std::string& criterion,
                                                                    std::uint64_t seed);

}  // namespace varphase
