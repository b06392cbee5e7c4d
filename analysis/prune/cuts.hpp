// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include "analysis/predict/metrics.hpp"
#include "analysis/prune/mask.hpp"
#include "analysis/prune/repair.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// A variance layer that is to be pruned.
struct PrunableLayer {
  std::size_t position = 0;
  VarianceLayer* layer = nullptr;
  at::Tensor kept;          // of an earlier pruning, float32 [out, in...]; undefined: all
  at::Tensor input_square;  // E a^2 [in...], where the variance is to be matched
};

/// The first of the layers in the network.
std::size_t first_position(const std::vector<PrunableLayer>& layers);

/// One way to cut: a mask for each of the layers, float32, 1 = kept.
using Cut = std::vector<at::Tensor>;
struct Cuts {
  std::size_t count = 0;
  std::function<Cut(std::size_t)> make;  // masks of large networks are made when they are needed
};

struct CutRequest {
  std::vector<Replacement> rules{Replacement::mean, Replacement::zero};
  Repair repair = Repair::none;
  std::int64_t members = 50;
  std::uint64_t seed = 1;
};

/// What a repair multiplies a cut's kept variances by, one number a unit; undefined: it leaves
/// them.
/// @param variance of the layer before the cut @throws Error usage without E a^2.
at::Tensor variance_ratio(const PrunableLayer& layer, const at::Tensor& variance,
                          const at::Tensor& mask, Repair repair);
/// Kept variances times that ratio, in float64 on the way.
at::Tensor scaled_variance(const at::Tensor& kept, const at::Tensor& ratio);

/// What a layer computes with under a mask: its effective weights by the rule, the kept variances
/// matched where the repair says so.
MaskedWeights pruned_weights(const PrunableLayer& layer, const at::Tensor& mask, Replacement rule,
                             Repair repair);

/// Prunes the network's layers and mends it: what score_cuts evaluates, kept. The layers' weights
/// become the masked ones (VarianceLayer::override_weights).
/// @param train passes of the training images through this network, for Repair::batch_norm; may be
/// null without it.
void apply_cut(Network& network, const std::vector<PrunableLayer>& layers, const Cut& cut,
               Replacement rule, Repair repair, SampledInputs* train);

/// Predicts `images` with the network cut in every way, K members each with the same noise. Where
/// the one layer is a head behind a quiet trunk, all in one fused pass; else one by one through the
/// whole network, which is as it was afterwards.
/// @return first the network as it is; then cut by cut, the rules within a cut.
/// @throws Error unsupported where a repair wants a batch norm that is not there.
std::vector<ScoredVariant> score_cuts(Network& network, const std::vector<PrunableLayer>& layers,
                                      const Cuts& cuts, const DeviceImages& images,
                                      const DeviceImages* train, const CutRequest& request,
                                      const std::function<void(std::int64_t images)>& advanced);

/// Images that score_cuts counts in all, for a progress line.
std::int64_t images_of_cuts(const Network& network, const std::vector<PrunableLayer>& layers,
                            const Cuts& cuts, const DeviceImages& images,
                            const CutRequest& request);

}  // namespace varphase
