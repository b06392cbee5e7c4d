// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/prune/sweep.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include "analysis/predict/fused_head.hpp"
#include "analysis/predict/trunk.hpp"
#include "src/layers/batch_norm.hpp"

namespace varphase {
namespace {

// Of `base` at once: 256 MiB on a CPU, 1 GiB on a GPU, which wants fewer, larger kernels.
std::int64_t chunk_floats(at::Device device) { return device.is_cuda() ? 256LL << 20 : 64LL << 20; }

}  // namespace

std::vector<SweepPoint> default_sweep_points() {
  std::vector<SweepPoint> points;
  for (int i = 0; i <= 40; ++i) points.push_back({false, -6 + 0.25 * i});
  return points;
}

SweepResult sweep(Network& network, const HeadParts& head, const at::Tensor& kappa,
                  const DeviceImages& images, const DeviceImages* train,
                  const SweepRequest& request, const std::function<void(std::int64_t)>& advanced) {
  require_quiet_trunk(network, head);
  const at::NoGradGuard no_gradients;
  const IeeeFloat32 ieee;
  const at::Tensor mean = head.layer->effective_mean().detach();
  const at::Tensor variance = head.layer->effective_variance().detach();
  const std::int64_t weights = network.weight_count();
  const auto rules = static_cast<std::int64_t>(request.rules.size());

  SweepResult result;
  std::vector<at::Tensor> masks;
  for (const SweepPoint& point : request.points) {
    const at::Tensor mask = point.by_sparsity ? mask_of_sparsity(kappa, point.value)
                                              : mask_over(kappa, std::pow(10, point.value));
    masks.push_back(mask);
    const auto kept = static_cast<std::int64_t>(mask.sum(at::kDouble).item<double>());
    for (const Replacement rule : request.rules) {
      SweepRow row;
      row.point = point;
      row.replace = rule;
      row.threshold = point.by_sparsity ? threshold_of(kappa, mask) : std::pow(10, point.value);
      row.kept = kept;
      row.sparsity = 1 - static_cast<double>(kept) / static_cast<double>(kappa.numel());
      row.network_sparsity =
          static_cast<double>(kappa.numel() - kept) / static_cast<double>(weights);
      result.rows.push_back(row);
    }
  }

  // Scale and shift of each variant's batch norm: the network's own, or re-estimated for its mask.
  const auto variants = static_cast<std::int64_t>(result.rows.size());
  std::vector<BatchNorm::Affine> affines(static_cast<std::size_t>(variants),
                                         {head.scale, head.shift});
  if (request.repair == Repair::batch_norm) {
    const BatchNorm& norm = batch_norm_behind(network, head.position);
    VARPHASE_CHECK(train != nullptr, ErrorKind::usage,
                   "--repair batch-norm wants the training images");
    const at::Tensor a = all_trunk_features(network, *train, head.position);
    for (std::size_t v = 0; v < affines.size(); ++v) {
      const MaskedWeights masked =
          masked_weights(mean, variance, masks[v / request.rules.size()], result.rows[v].replace);
      const VarianceLayer::Moments moments = head.layer->moments(a, masked.mean, masked.variance);
      const OutputStatistics statistics = output_statistics(moments.mean, moments.variance);
      const BatchNorm::Affine wide = norm.affine(statistics.mean, statistics.var);
      affines[v] = {wide.scale.to(at::kFloat), wide.shift.to(at::kFloat)};
    }
  }

  const std::int64_t units = mean.size(0);
  const NoiseKey key{request.seed, Stream::evaluation, 0, static_cast<std::uint8_t>(images.split)};
  const std::int64_t chunk = std::clamp<std::int64_t>(
      std::min(chunk_floats(images.pixels.device()) / ((variants + 1) * units),
               chunk_images(network, images.pixels.device())),
      1, images.count());
  const bool share = request.repair == Repair::none;
  std::vector<at::Tensor> parts;
  for (std::int64_t first = 0; first < images.count(); first += chunk) {
    const std::int64_t count = std::min(chunk, images.count() - first);
    const at::Tensor a = trunk_features(network, images, head.position, first, count);
    const at::Tensor example = images.example.narrow(0, first, count);
    const VarianceLayer::Moments full = head.layer->moments(a, mean, variance);
    std::vector<at::Tensor> base, spread;
    // Variants come point by point, rules within a point: one spread serves all rules of a point.
    for (std::size_t p = 0; p < masks.size(); ++p) {
      const at::Tensor sd = output_sd(head.layer->output_variance(a, variance * masks[p]));
      for (std::int64_t r = 0; r < rules; ++r) {
        const std::size_t v = p * static_cast<std::size_t>(rules) + static_cast<std::size_t>(r);
        const bool keeps_means = request.rules[static_cast<std::size_t>(r)] == Replacement::mean;
        const at::Tensor m = keeps_means ? full.mean : head.layer->output_mean(a, mean * masks[p]);
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
  const at::Tensor log_p = at::cat(parts, 1);  // [1 + variants, N, C]
  const std::vector<ScoredVariant> scored = score_variants(log_p, images.labels);
  result.full = scored.front().metrics;
  for (std::size_t v = 0; v < result.rows.size(); ++v) {
    result.rows[v].metrics = scored[v + 1].metrics;
    result.rows[v].difference = scored[v + 1].difference;
  }
  return result;
}

std::int64_t choose_row(const SweepResult& result, const std::string& rule) {
  constexpr std::string_view kPrefix = "drop<=";
  double points = 0;
  const char* last = rule.data() + rule.size();
  const bool known = rule.rfind(kPrefix, 0) == 0;
  const auto [end, status] =
      std::from_chars(rule.data() + (known ? kPrefix.size() : 0), last, points);
  VARPHASE_CHECK(known && status == std::errc() && end == last && points >= 0, ErrorKind::usage,
                 "--choose {}: wants drop<=POINTS, such as drop<=0.1 (points of accuracy)", rule);
  std::int64_t best = -1;
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    const SweepRow& row = result.rows[i];
    // A hair of slack: 0.1 points of 1,000 images are one image, and the difference is a quotient.
    if (-100 * row.difference.difference > points + 1e-9) continue;
    if (best < 0 || row.sparsity > result.rows[static_cast<std::size_t>(best)].sparsity ||
        (row.sparsity == result.rows[static_cast<std::size_t>(best)].sparsity &&
         row.replace == Replacement::zero)) {
      best = static_cast<std::int64_t>(i);
    }
  }
  return best;
}

}  // namespace varphase
