// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include "analysis/predict/metrics.hpp"
#include "analysis/prune/cut_request.hpp"
#include "analysis/prune/mask.hpp"
#include "analysis/prune/repair.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// A variance layer that is to be pruned.
struct PrunableLayer {
  std::size_t position = 0;
  VarianceLayer* layer = nullptr;
  /// float32 [out, in...], 1 where an earlier pruning kept the weight; undefined: never pruned
  at::Tensor kept;
  at::Tensor input_square;  // E a^2 [in...], needed where the variance is to be repaired
};

/// The first of the layers in the network.
std::size_t first_position(const std::vector<PrunableLayer>& layers);

/// One way to prune the layers: a mask for each of them, float32, 1 = kept.
using Cut = std::vector<at::Tensor>;
/// Several cuts, each made when it is needed: the masks of large networks would not all fit into memory.
struct Cuts {
  std::size_t count = 0;
  std::function<Cut(std::size_t)> make;
};

/// What a repair multiplies the kept variances of a cut by, one number per output unit; undefined: the repair leaves
/// variances alone.
/// @param variance  of the layer before the cut
/// @throws Error usage where the layer's E a^2 is not given.
at::Tensor variance_ratio(const PrunableLayer& layer, const at::Tensor& variance,
                          const at::Tensor& mask, Repair repair);
/// The kept variances times that ratio, computed in float64.
at::Tensor scaled_variance(const at::Tensor& kept, const at::Tensor& ratio);

/// The weights that a layer computes with under a mask: its effective weights with the rule applied, and the kept
/// variances scaled where the repair says so.
MaskedWeights pruned_weights(const PrunableLayer& layer, const at::Tensor& mask, Replacement rule,
                             Repair repair);

/// Prunes the network's layers and repairs it, as score_cuts does for each cut, and leaves it so. The layers' weights
/// become the masked ones (VarianceLayer::override_weights).
/// @param train  passes of the training images through this network, for Repair::batch_norm; may be null without it
void apply_cut(Network& network, const std::vector<PrunableLayer>& layers, const Cut& cut,
               Replacement rule, Repair repair, SampledInputs* train);

/// Predicts `images` with the network pruned by every cut and every rule, with K members each that share their noise.
/// Where the one layer belongs to a head without noise before it, all cuts are predicted in one fused pass; else one
/// after the other through the whole network, which is put back afterwards.
/// @return the network as it is; then by cut, and within a cut by rule
/// @throws Error unsupported where a repair wants a batch norm that is not there.
std::vector<ScoredVariant> score_cuts(Network& network, const std::vector<PrunableLayer>& layers,
                                      const Cuts& cuts, const DeviceImages& images,
                                      const DeviceImages* train, const CutRequest& request,
                                      const std::function<void(std::int64_t images)>& advanced);

/// How many images score_cuts will tell `advanced` of, for a progress line.
std::int64_t images_of_cuts(const Network& network, const std::vector<PrunableLayer>& layers,
                            const Cuts& cuts, const DeviceImages& images,
                            const CutRequest& request);

}  // namespace varphase
