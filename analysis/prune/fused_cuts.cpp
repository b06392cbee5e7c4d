// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/fused_cuts.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include "analysis/predict/fused_head.hpp"
#include "analysis/predict/trunk.hpp"
#include "src/kernels/ensemble_head.hpp"
#include "src/variance/torch_kernels.hpp"

namespace varphase {
namespace {

// Of `base` at once: 256 MiB on a CPU, 1 GiB on a GPU, which wants fewer, larger kernels.
std::int64_t chunk_floats(at::Device device) { return device.is_cuda() ? 256LL << 20 : 64LL << 20; }

}  // namespace

std::optional<HeadParts> fused_head(const Network& network,
                                    const std::vector<PrunableLayer>& layers,
                                    const DeviceImages& images) {
  if (layers.size() != 1 || network.first_noise() < layers.front().position) return std::nullopt;
  std::optional<HeadParts> head = find_head(network, layers.front().position);
  if (!head ||
      !ensemble_head_fits(head->weight.size(1), head->weight.size(0), where_of(images.labels)))
    return std::nullopt;
  return head;
}

std::vector<ScoredVariant> score_head_cuts(Network& network, const PrunableLayer& layer,
                                           const Cuts& cuts, const DeviceImages& images,
                                           const DeviceImages* train, const CutRequest& request,
                                           const std::function<void(std::int64_t)>& advanced) {
  const at::NoGradGuard no_gradients;
  const IeeeFloat32 ieee;
  const HeadParts head = require_head(network, layer.position);
  const at::Tensor mean = head.layer->effective_mean().detach();
  const at::Tensor variance = head.layer->effective_variance().detach();
  const std::size_t rules = request.rules.size(), variants = cuts.count * rules;

  // A byte a weight and cut; the ratio that matches the kept variances, one a unit.
  std::vector<at::Tensor> masks, matches;
  for (std::size_t c = 0; c < cuts.count; ++c) {
    const at::Tensor mask = cuts.make(c).front();
    masks.push_back(mask > 0);
    if (!mends_variance(request.repair)) continue;
    VARPHASE_CHECK(layer.input_square.defined(), ErrorKind::usage,
                   "--repair variance wants the training images");
    matches.push_back(variance_match(variance, mask, layer.input_square));
  }
  const auto kept_variance = [&](std::size_t c) {
    const at::Tensor kept = variance * masks[c];
    return matches.empty() ? kept : (kept.to(at::kDouble) * matches[c]).to(variance.scalar_type());
  };
  const auto means_by = [&](Replacement rule, std::size_t c) {
    return rule == Replacement::mean ? mean : mean * masks[c];
  };

  // Scale and shift of each variant's batch norm: the network's own, or re-estimated for its mask.
  std::vector<BatchNorm::Affine> affines(variants, {head.scale, head.shift});
  if (mends_batch_norm(request.repair)) {
    const BatchNorm& norm = batch_norm_behind(network, layer.position);
    VARPHASE_CHECK(train != nullptr, ErrorKind::usage,
                   "--repair batch-norm wants the training images");
    const at::Tensor a = all_trunk_features(network, *train, layer.position);
    for (std::size_t v = 0; v < variants; ++v) {
      const std::size_t c = v / rules;
      const VarianceLayer::Moments moments =
          head.layer->moments(a, means_by(request.rules[v % rules], c), kept_variance(c));
      const OutputStatistics statistics = output_statistics(moments.mean, moments.variance);
      const BatchNorm::Affine wide = norm.affine(statistics.mean, statistics.var);
      affines[v] = {wide.scale.to(at::kFloat), wide.shift.to(at::kFloat)};
    }
  }

  const std::int64_t units = mean.size(0);
  const NoiseKey key{request.seed, Stream::evaluation, 0, static_cast<std::uint8_t>(images.split)};
  const std::int64_t chunk =
      std::clamp<std::int64_t>(std::min(chunk_floats(images.pixels.device()) /
                                            ((static_cast<std::int64_t>(variants) + 1) * units),
                                        chunk_images(network, images.pixels.device())),
                               1, images.count());
  const bool share = !mends_batch_norm(request.repair);
  std::vector<at::Tensor> parts;
  for (std::int64_t first = 0; first < images.count(); first += chunk) {
    const std::int64_t count = std::min(chunk, images.count() - first);
    const at::Tensor a = trunk_features(network, images, layer.position, first, count);
    const at::Tensor example = images.example.narrow(0, first, count);
    const VarianceLayer::Moments full = head.layer->moments(a, mean, variance);
    std::vector<at::Tensor> base, spread;
    // Variants come cut by cut, rules within a cut: one spread serves all rules of a cut.
    for (std::size_t c = 0; c < cuts.count; ++c) {
      const at::Tensor sd = output_sd(head.layer->output_variance(a, kept_variance(c)));
      for (std::size_t r = 0; r < rules; ++r) {
        const std::size_t v = c * rules + r;
        const bool keeps_means = request.rules[r] == Replacement::mean;
        const at::Tensor m =
            keeps_means ? full.mean : head.layer->output_mean(a, means_by(request.rules[r], c));
        base.push_back(m * affines[v].scale + affines[v].shift);
        if (r == 0 || !share) spread.push_back(sd * affines[v].scale);
      }
    }
    const at::Tensor full_base = (full.mean * head.scale + head.shift).unsqueeze(0).contiguous();
    const at::Tensor full_spread =
        (output_sd(full.variance) * head.scale).unsqueeze(0).contiguous();
    const at::Tensor log_p_full =
        fused_log_probabilities(head, full_base, full_spread, key, example, request.members);
    const at::Tensor log_p = fused_log_probabilities(head, at::stack(base), at::stack(spread), key,
                                                     example, request.members);
    parts.push_back(at::cat({log_p_full, log_p}));
    advanced(count);
  }
  return score_variants(at::cat(parts, 1), images.labels);  // [1 + variants, N, C]
}

}  // namespace varphase
