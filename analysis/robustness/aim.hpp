// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/robustness/attack_request.hpp"
#include "analysis/robustness/image_model.hpp"

namespace varphase {

/// The class whose loss an attack follows: away from the label where there is no target, towards the target else.
/// A random target is (label + 1 + r) mod classes with r uniform in 0 .. classes - 2, keyed by seed and image (stream 9,
/// layer 65535). Source: docs/math.md, "Attacks".
/// @return int64 [N] on the images' device
at::Tensor aim_of(const ImageModels& models, const DeviceImages& images,
                  const AttackRequest& request);

}  // namespace varphase
