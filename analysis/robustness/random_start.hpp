// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "analysis/robustness/attack_request.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// A point of the ball around each image, uniform in it, then clamped to 0 .. 255: x + epsilon (2 u - 1) in L-infinity,
/// x + epsilon u^(1/D) z / |z| in L2 with D normals z. Keyed by seed, split, image and draw (stream attack_start), and
/// computed on the host: the same bits on every device, in whatever batch.
/// @param draw  the number of the restart
/// @return float32 [N, C * H * W] on the images' device
at::Tensor random_start(const DeviceImages& images, const AttackRequest& request,
                        std::int64_t draw);

}  // namespace varphase
