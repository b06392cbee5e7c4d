// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/predict/predictor.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include "analysis/predict/fused_head.hpp"
#include "analysis/predict/trunk.hpp"
#include "src/base/enum_names.hpp"
#include "src/base/error.hpp"
#include "src/kernels/predict/ensemble_head.hpp"
#include "src/torch/kernel_arguments.hpp"
#include "src/torch/numerics.hpp"

namespace varphase {
namespace {

// Beyond 1 GiB what comes before the noise, the same for all members, is not kept.
constexpr std::int64_t kMostKeptFeatures = (1LL << 30) / sizeof(float);
// Images times members of a call of the fused head: a second's work, or less.
constexpr std::int64_t kMostFused = 1LL << 18, kMostFusedCuda = 1LL << 26;
constexpr std::int64_t kLeastFused = 64;  // images: enough for many cores

const EnumNames<Estimator>& estimators() {
  static const EnumNames<Estimator> table{"way to predict",
                                          {{Estimator::deterministic, "deterministic"},
                                           {Estimator::stochastic, "stochastic"},
                                           {Estimator::ensemble, "ensemble"},
                                           {Estimator::zero_mean, "zero_mean"}}};
  return table;
}

}  // namespace

std::string estimator_name(Estimator estimator) { return estimators().name(estimator); }

Estimator estimator_from_name(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return estimators().value(name);
}

Predictor::Predictor(Network& network, const DeviceImages& images, std::uint64_t seed,
                     std::optional<std::size_t> changing)
    : network_(network),
      images_(images),
      key_{seed, Stream::evaluation, 0, static_cast<std::uint8_t>(images.split)},
      draws_noise_(network.first_noise() < network.layers().size()),
      changing_(changing),
      trunk_end_(std::min(network.first_noise(), changing.value_or(network.first_noise()))) {
  const at::NoGradGuard no_gradients;
  if (draws_noise_ && !changing_) head_ = find_head(network, trunk_end_);
  if (trunk_end_ > 0 && !head_) {
    const std::int64_t features = element_count(network.layers()[trunk_end_ - 1]->output_shape());
    if (images.count() > kMostKeptFeatures / features) trunk_end_ = 0;
  }
  // Images as they are stay bytes until their turn.
  if (trunk_end_ > 0 || head_) features_ = all_trunk_features(network, images, trunk_end_);
}

at::Tensor Predictor::log_probabilities(Estimator estimator, std::int64_t members) {
  return run(estimator, members, nullptr);
}

Prediction Predictor::predict(Estimator estimator, std::int64_t members) {
  const bool many = draws_noise_ && members > 1 &&
                    (estimator == Estimator::ensemble || estimator == Estimator::zero_mean);
  Prediction prediction;
  prediction.log_p = run(estimator, members, many ? &prediction.member_entropy : nullptr);
  return prediction;
}

at::Tensor Predictor::run(Estimator estimator, std::int64_t members, at::Tensor* member_entropy) {
  const at::NoGradGuard no_gradients;
  const IeeeFloat32 ieee;
  if (estimator == Estimator::stochastic) members = 1;
  if (estimator == Estimator::deterministic || !draws_noise_)
    return general(Estimator::deterministic, 1, member_entropy);
  const std::optional<HeadParts>& head = head_;
  if (!head || !ensemble_head_fits(head->weight.size(1), head->weight.size(0), where_of(features_)))
    return general(estimator, members, member_entropy);
  if (!base_.defined()) {
    const VarianceLayer::Moments moments = head->layer->effective_moments(features_);
    base_ = (moments.mean * head->scale + head->shift).unsqueeze(0).contiguous();
    spread_ = (output_sd(moments.variance) * head->scale).unsqueeze(0).contiguous();
  }
  at::Tensor base = base_;
  if (estimator == Estimator::zero_mean) {
    const at::Tensor nothing = at::zeros_like(head->layer->mean());
    const at::Tensor m = head->layer->output_mean(features_.narrow(0, 0, 1), nothing);
    base = (m * head->scale + head->shift).expand_as(spread_[0]).unsqueeze(0).contiguous();
  }
  return fused(base, members, member_entropy);
}

at::Tensor Predictor::fused(const at::Tensor& base, std::int64_t members,
                            at::Tensor* member_entropy) {
  const std::int64_t most =
      std::max(kLeastFused, (base.is_cuda() ? kMostFusedCuda : kMostFused) / members);
  std::vector<at::Tensor> parts, entropies;
  for (std::int64_t first = 0; first < images_.count(); first += most) {
    const std::int64_t count = std::min(most, images_.count() - first);
    at::Tensor entropy;
    parts.push_back(fused_log_probabilities(
        *head_, base.narrow(1, first, count), spread_.narrow(1, first, count), key_,
        images_.example.narrow(0, first, count), members,
        member_entropy != nullptr ? &entropy : nullptr, first_member_)[0]);
    entropies.push_back(entropy);
    advanced_(count);
  }
  if (member_entropy != nullptr) *member_entropy = at::cat(entropies);
  return at::cat(parts);
}

KeptInputs& Predictor::kept_of_ensemble(std::int64_t members) {
  if (!kept_ || kept_members_ != members)
    kept_.emplace(network_, changing_.value_or(0), images_.count() * members,
                  images_.pixels.device());
  kept_members_ = members;
  return *kept_;
}

at::Tensor Predictor::general(Estimator estimator, std::int64_t members,
                              at::Tensor* member_entropy) {
  const std::int64_t chunk =
      std::max<std::int64_t>(1, chunk_images(network_, images_.pixels.device()) / members);
  const Shape shape = network_.input_of(trunk_end_);
  const std::size_t last = network_.layers().size();
  KeptInputs* kept = estimator == Estimator::ensemble ? &kept_of_ensemble(members) : nullptr;
  const std::size_t start = kept != nullptr ? std::max(kept->end(), trunk_end_) : trunk_end_;
  std::vector<at::Tensor> parts, entropies;
  for (std::int64_t first = 0; first < images_.count(); first += chunk) {
    const std::int64_t count = std::min(chunk, images_.count() - first);
    Forward how;
    if (estimator != Estimator::deterministic) {
      // Row n * K + k is image n seen by member k.
      how = {estimator == Estimator::zero_mean ? Mode::zero_mean : Mode::sampled, false, key_,
             images_.example.narrow(0, first, count).repeat_interleave(members).contiguous(),
             at::arange(first_member_, first_member_ + members, images_.labels.options())
                 .repeat({count})};
    }
    const auto before = [&] {
      Shape batch{count};
      batch.insert(batch.end(), shape.begin(), shape.end());
      at::Tensor x = features_.defined() ? features_.narrow(0, first, count).reshape(batch)
                                         : slice_batch(images_, first, count).images;
      if (estimator != Estimator::deterministic) x = x.repeat_interleave(members, 0);
      return network_.forward_range(x, how, trunk_end_, start);
    };
    const at::Tensor x = start > trunk_end_ ? kept->batch(parts.size(), before) : before();
    const at::Tensor log_p = at::log_softmax(network_.forward_range(x, how, start, last), 1);
    const std::int64_t k = estimator == Estimator::deterministic ? 1 : members;
    parts.push_back(at::logsumexp(log_p.reshape({count, k, log_p.size(1)}), {1}) -
                    std::log(static_cast<double>(k)));
    if (member_entropy != nullptr)
      entropies.push_back(entropy_of(log_p).reshape({count, k}).mean(1));
    advanced_(count);
  }
  if (member_entropy != nullptr) *member_entropy = at::cat(entropies);
  return at::cat(parts);
}

AllMetrics Predictor::all_metrics(std::int64_t members) {
  return score_estimators(
      [&](Estimator estimator) { return log_probabilities(estimator, members); }, images_.labels);
}

AllMetrics score_estimators(const std::function<at::Tensor(Estimator)>& predict,
                            const at::Tensor& labels) {
  std::vector<at::Tensor> log_p;
  for (const Estimator estimator : kEstimators) log_p.push_back(predict(estimator));
  // Differences are from the first: the deterministic network.
  static_assert(kEstimators[0] == Estimator::deterministic);
  const std::vector<ScoredVariant> scored = score_variants(at::stack(log_p), labels);
  AllMetrics all;
  for (std::size_t i = 0; i < scored.size(); ++i) {
    all.by_estimator[estimator_name(kEstimators[i])] = scored[i].metrics;
    if (kEstimators[i] == Estimator::ensemble) all.gap = scored[i].difference;
  }
  return all;
}

}  // namespace varphase
