// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/cuts.hpp"

#include <algorithm>
#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include "analysis/predict/predictor.hpp"
#include "analysis/prune/fused_cuts.hpp"
#include "analysis/prune/restore.hpp"

namespace varphase {

std::size_t first_position(const std::vector<PrunableLayer>& layers) {
  std::size_t first = layers.front().position;
  for (const PrunableLayer& layer : layers) first = std::min(first, layer.position);
  return first;
}

at::Tensor variance_ratio(const PrunableLayer& layer, const at::Tensor& variance,
                          const at::Tensor& mask, Repair repair) {
  if (!mends_variance(repair)) return {};
  VARPHASE_CHECK(layer.input_square.defined(), ErrorKind::usage,
                 "--repair variance wants the training images");
  return variance_match(variance, mask, layer.input_square);
}

at::Tensor scaled_variance(const at::Tensor& kept, const at::Tensor& ratio) {
  return ratio.defined() ? (kept.to(at::kDouble) * ratio).to(kept.scalar_type()) : kept;
}

MaskedWeights pruned_weights(const PrunableLayer& layer, const at::Tensor& mask, Replacement rule,
                             Repair repair) {
  const at::Tensor variance = layer.layer->effective_variance().detach();
  MaskedWeights masked =
      masked_weights(layer.layer->effective_mean().detach(), variance, mask, rule);
  masked.variance = scaled_variance(masked.variance, variance_ratio(layer, variance, mask, repair));
  return masked;
}

void apply_cut(Network& network, const std::vector<PrunableLayer>& layers, const Cut& cut,
               Replacement rule, Repair repair, SampledInputs* train) {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const MaskedWeights masked = pruned_weights(layers[l], cut[l], rule, repair);
    layers[l].layer->override_weights(masked.mean, masked.variance);
  }
  if (!mends_batch_norm(repair)) return;
  VARPHASE_CHECK(train != nullptr, ErrorKind::usage,
                 "--repair batch-norm wants the training images");
  reestimate_batch_norms(network, first_position(layers), *train);
}

std::vector<ScoredVariant> score_cuts(Network& network, const std::vector<PrunableLayer>& layers,
                                      const Cuts& cuts, const DeviceImages& images,
                                      const DeviceImages* train, const CutRequest& request,
                                      const std::function<void(std::int64_t)>& advanced) {
  VARPHASE_CHECK(!layers.empty(), ErrorKind::usage, "no layer is to be pruned");
  if (fused_head(network, layers, images))
    return score_head_cuts(network, layers.front(), cuts, images, train, request, advanced);
  const at::NoGradGuard no_gradients;
  const std::size_t first = first_position(layers);
  Predictor predictor(network, images, request.seed, first);
  predictor.on_advance(advanced);
  const auto predict = [&] {
    return predictor.log_probabilities(Estimator::ensemble, request.members);
  };
  Restore restore(network);
  std::optional<SampledInputs> passes;
  if (train != nullptr) passes.emplace(network, *train, request.seed, first);
  const at::Tensor full = predict();
  std::vector<ScoredVariant> scored{score_variants(full.unsqueeze(0), images.labels).front()};
  for (std::size_t c = 0; c < cuts.count; ++c) {
    const Cut cut = cuts.make(c);
    for (const Replacement rule : request.rules) {
      apply_cut(network, layers, cut, rule, request.repair, passes ? &*passes : nullptr);
      scored.push_back(score_variants(at::stack({full, predict()}), images.labels)[1]);
      restore.put_back();
    }
  }
  return scored;
}

std::int64_t images_of_cuts(const Network& network, const std::vector<PrunableLayer>& layers,
                            const Cuts& cuts, const DeviceImages& images,
                            const CutRequest& request) {
  const auto variants = static_cast<std::int64_t>(cuts.count * request.rules.size()) + 1;
  return fused_head(network, layers, images) ? images.count() : images.count() * variants;
}

}  // namespace varphase
