// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/prune/cuts.hpp"
#include "analysis/prune/sweep_result.hpp"
#include "src/distributed/communicator.hpp"
#include "src/models/head.hpp"

namespace varphase {

/// The scores that weights are ranked by, for each layer in the layers' order, float64; the lowest are pruned first.
/// For kappa: |kappa|.
struct Ranking {
  std::string criterion;
  std::vector<at::Tensor> scores;
};

/// The masks of one point. Weights that an earlier pruning dropped stay dropped.
Cut cut_at(const SweepPoint& point, const Ranking& ranking,
           const std::vector<PrunableLayer>& layers, Scope scope);

/// The masks of one threshold of the scores (not of its logarithm), likewise.
Cut cut_over(double threshold, const Ranking& ranking, const std::vector<PrunableLayer>& layers);

/// Predicts `images` with the layers pruned at every point of every ranking by every rule, with K members each that
/// share their noise (score_cuts).
/// @param train  training images for a repair; may be null without one
/// @param ranks  where not null, who share the cuts: all of them make this call with the same scores and get all rows
SweepResult sweep(Network& network, const std::vector<PrunableLayer>& layers,
                  const std::vector<Ranking>& rankings, const DeviceImages& images,
                  const DeviceImages* train, const SweepRequest& request,
                  const std::function<void(std::int64_t images)>& advanced,
                  Communicator* ranks = nullptr);

/// The same for the layer of a head alone, ranked by |kappa|. @param kappa  [J, I]
/// @throws Error unsupported where a layer before the head draws noise.
SweepResult sweep(Network& network, const HeadParts& head, const at::Tensor& kappa,
                  const DeviceImages& images, const DeviceImages* train,
                  const SweepRequest& request,
                  const std::function<void(std::int64_t images)>& advanced);

/// How many images sweep will tell `advanced` of, for a progress line.
std::int64_t images_of_sweep(const Network& network, const std::vector<PrunableLayer>& layers,
                             std::size_t rankings, const DeviceImages& images,
                             const SweepRequest& request);

}  // namespace varphase
