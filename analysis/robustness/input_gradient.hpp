// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/robustness/attack_request.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// Which members of an ensemble are drawn: numbers first_member .. first_member + members - 1.
/// Member k of an image has the same noise in whatever batch the image lies.
struct MemberDraws {
  NoiseKey key;
  std::int64_t first_member = 0;
  std::int64_t members = 0;  // 0: none, weights at their means and dropout left out
};

struct InputGradient {
  at::Tensor loss;      // [N], nats
  at::Tensor gradient;  // [N, C * H * W], by pixels in units of 0 .. 255
};

/// The loss of each image, -log p[target], and its gradient by the image's pixels. p is what the
/// network predicts: at its means, or the mean of the members' probabilities,
///
///     loss = log K - logsumexp_k log p_k[target],
///     d loss / dx = sum_k w_k d(-log p_k[target]) / dx,  w_k = p_k[target] / sum_j p_j[target],
///
/// not the mean of their losses. The layers before the first that draws noise, and the moments that
/// it draws from, are run once for all members, and once backward. Batch norm by its running
/// statistics. Source: docs/math.md, "Attacks".
/// @param images  pixels in float32, with how they are normalized @param target  int64 [N]
InputGradient input_gradient(Network& network, const DeviceImages& images, const at::Tensor& target,
                             const MemberDraws& draws,
                             GradientPrecision precision = GradientPrecision::float32);

/// The same of an ensemble of networks, the mean of whose probabilities is what is predicted, from
/// each network's own.
InputGradient mean_over_networks(const std::vector<InputGradient>& networks);

}  // namespace varphase
