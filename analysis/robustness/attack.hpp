// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "analysis/robustness/attack_request.hpp"
#include "analysis/robustness/image_model.hpp"

namespace varphase {

/// Told before the first step (0) and after each. @param images  as they are now; the next step moves them in place
using WatchSteps = std::function<void(std::int64_t step, const DeviceImages& images)>;

struct AttackedImages {
  at::Tensor pixels;  // float32 [N, C * H * W], 0 .. 255
  at::Tensor
      loss;  // float32 [steps, N], nats: -log p[aim] before each step, by the draws of its gradient
};

/// Moves images along the gradient of the loss -log p[aim] of what several networks together predict: down towards a
/// target, up away from a label,
///
///     x_0 = image or random_start,   x_{t+1} = project( x_t -+ step d(grad loss(x_t)) ),
///
/// d the sign (0 of 0) or, in L2, the gradient over its length; projected into the ball of epsilon around the image and
/// into 0 .. 255. Step t of a restart draws members (restart * steps + t) * K + k of stream attack, of network i by the
/// seed seed + i. An epsilon of 0 moves nothing. Sources: docs/math.md, "Attacks".
/// @param images  bytes or float32 @param aim  int64 [N], as aim_of
AttackedImages attack(const ImageModels& models, const DeviceImages& images, const at::Tensor& aim,
                      const AttackRequest& request, std::int64_t restart, const WatchSteps& watch);

}  // namespace varphase
