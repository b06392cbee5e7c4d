// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analysis/kappa/kappa_map.hpp"
#include "analysis/prune/criteria.hpp"
#include "analysis/prune/sweep.hpp"

namespace varphase {

/// dL/dw of each layer's weights at their means, with L = sum over images of -log p and batch norm in eval mode. Passes
/// are IEEE float32, added in float64.
std::vector<at::Tensor> weight_gradients(Network& network, const std::vector<PrunableLayer>& layers,
                                         const DeviceImages& images);

/// What the scores of each layer are computed from: its effective weights and, where the named criteria need them,
/// curvature, gradient and inputs.
/// @param layers  with input_square where a criterion needs it
/// @param map  kappa of this network; null, or without one of the layers: that layer has no curvature
/// @param no_curvature  why, for messages
/// @param train  images of the gradient @param seed  of criterion `random`
std::vector<ScoreInputs> score_inputs(Network& network, const std::vector<PrunableLayer>& layers,
                                      const std::vector<std::string>& names, const KappaMap* map,
                                      const std::string& no_curvature, const DeviceImages& train,
                                      std::uint64_t seed);

/// Ranks the layers' weights by one criterion. @throws Error as score_weights.
Ranking rank(const std::string& criterion, const std::vector<ScoreInputs>& inputs,
             at::Device device);

/// Rankings by every criterion that can rank these layers, and the names of the others with the reason.
struct Rankings {
  std::vector<Ranking> list;
  std::vector<std::pair<std::string, std::string>> left_out;
};
Rankings rank_by_all(const std::vector<ScoreInputs>& inputs, at::Device device);

}  // namespace varphase
