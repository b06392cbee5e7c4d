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
#include "analysis/sparse/sparse_product.hpp"
#include "src/kernels/predict/ensemble_head.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/numerics.hpp"

namespace varphase {
namespace {

// Of `base` at once: 256 MiB on a CPU, 1 GiB on a GPU, which wants fewer, larger kernels.
std::int64_t chunk_floats(at::Device device) { return device.is_cuda() ? 256LL << 20 : 64LL << 20; }

// Share of weights under which a CPU multiplies them alone: at half of 800 x 500 that takes 66 ms
// for 10,000 images in place of 118 (docs/performance.md). A GPU takes as long to list them as it
// saves.
constexpr double kSparseShare = 0.4;
// Of all cuts' lists; cuts beyond it are multiplied with their zeros.
constexpr std::int64_t kMostListedBytes = 1LL << 30;

/// A dense layer's weights under one cut: a byte a weight, and a list of the kept ones where few
/// are.
class CutWeights {
 public:
  /// @param mean, variance of the layer before the cut
  CutWeights(const PrunableLayer& layer, const at::Tensor& mean, const at::Tensor& variance,
             const at::Tensor& mask, Repair repair)
      : layer_(layer.layer),
        mean_(mean),
        variance_(variance),
        mask_(mask > 0),
        ratio_(variance_ratio(layer, variance, mask, repair)) {}

  /// Lists the kept weights where that makes products faster. @return bytes of the list
  std::int64_t list_kept(std::int64_t most_bytes) {
    if (mask_.is_cuda()) return 0;
    const std::int64_t kept = mask_.sum().item<std::int64_t>();
    constexpr std::int64_t kEntryBytes = 12;  // index, mean, variance
    if (static_cast<double>(kept) >= kSparseShare * static_cast<double>(mask_.numel()) ||
        kept * kEntryBytes > most_bytes)
      return 0;
    sparse_.emplace(mask_, mean_, variance(), ConvGeometry{mask_.size(1)});
    return sparse_->bytes();
  }

  /// Of the rule zero; the variance is that of both rules.
  VarianceLayer::Moments moments(const at::Tensor& x, WantedMoments wanted) const {
    if (sparse_) return sparse_->moments(x, layer_->bias(), wanted);
    return {wanted.mean ? layer_->output_mean(x, mean_ * mask_) : at::Tensor(),
            wanted.variance ? layer_->output_variance(x, variance()) : at::Tensor()};
  }

 private:
  at::Tensor variance() const { return scaled_variance(variance_ * mask_, ratio_); }

  const VarianceLayer* layer_;
  at::Tensor mean_, variance_;  // shared by all cuts
  at::Tensor mask_;             // bool
  at::Tensor ratio_;            // variance_ratio of the cut
  std::optional<SparseProduct> sparse_;
};

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

  std::vector<CutWeights> weights;
  weights.reserve(cuts.count);
  std::int64_t free_bytes = kMostListedBytes;
  for (std::size_t c = 0; c < cuts.count; ++c) {
    weights.emplace_back(layer, mean, variance, cuts.make(c).front(), request.repair);
    free_bytes -= weights.back().list_kept(free_bytes);
  }
  const bool zeroes_means = std::find(request.rules.begin(), request.rules.end(),
                                      Replacement::zero) != request.rules.end();
  // Variants come cut by cut, rules within a cut, whose variance they share.
  const auto for_each_variant = [&](const at::Tensor& x, const at::Tensor& full_mean,
                                    const auto& take) {
    for (std::size_t c = 0; c < cuts.count; ++c) {
      const VarianceLayer::Moments zeroed = weights[c].moments(x, {zeroes_means, true});
      for (std::size_t r = 0; r < rules; ++r)
        take(c * rules + r, request.rules[r] == Replacement::mean ? full_mean : zeroed.mean,
             zeroed.variance);
    }
  };

  // Scale and shift of each variant's batch norm: the network's own, or re-estimated for its mask.
  std::vector<BatchNorm::Affine> affines(variants, {head.scale, head.shift});
  if (mends_batch_norm(request.repair)) {
    const BatchNorm& norm = require_norm_behind(network, layer.position);
    VARPHASE_CHECK(train != nullptr, ErrorKind::usage,
                   "--repair batch-norm wants the training images");
    const at::Tensor a = all_trunk_features(network, *train, layer.position);
    for_each_variant(a, head.layer->output_mean(a, mean),
                     [&](std::size_t v, const at::Tensor& m, const at::Tensor& s) {
                       const OutputStatistics statistics = output_statistics(m, s);
                       const BatchNorm::Affine wide = norm.affine(statistics.mean, statistics.var);
                       affines[v] = {wide.scale.to(at::kFloat), wide.shift.to(at::kFloat)};
                     });
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
    at::Tensor sd;
    for_each_variant(a, full.mean, [&](std::size_t v, const at::Tensor& m, const at::Tensor& s) {
      const bool first_rule = v % rules == 0;
      if (first_rule) sd = output_sd(s);
      base.push_back(m * affines[v].scale + affines[v].shift);
      if (first_rule || !share) spread.push_back(sd * affines[v].scale);
    });
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
