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

/// dL / dw of each layer's weights at the means, L = sum over images of -log p; batch norm in eval
/// mode. float64, IEEE float32 passes added in float64.
std::vector<at::Tensor> weight_gradients(Network& network, const std::vector<PrunableLayer>& layers,
                                         const DeviceImages& images);

/// What scores are made of, for each layer: its effective weights, and what of curvature, gradient
/// and inputs the criteria take.
/// @param layers with input_square where a criterion takes it
/// @param map kappa of this network; null or without a layer: that layer has no curvature,
/// @param no_curvature and this says why
/// @param train images of the gradient; @param seed of `random`
std::vector<ScoreInputs> score_inputs(Network& network, const std::vector<PrunableLayer>& layers,
                                      const std::vector<std::string>& names, const KappaMap* map,
                                      const std::string& no_curvature, const DeviceImages& train,
                                      std::uint64_t seed);

/// The layers ranked by one criterion. @throws Error as score_weights.
Ranking rank(const std::string& criterion, const std::vector<ScoreInputs>& inputs,
             at::Device device);

/// The layers ranked by every criterion that can; the others by name, with the reason.
struct Rankings {
  std::vector<Ranking> list;
  std::vector<std::pair<std::string, std::string>> left_out;
};
Rankings rank_by_all(const std::vector<ScoreInputs>& inputs, at::Device device);

}  // namespace varphase
