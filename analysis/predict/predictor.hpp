// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "analysis/predict/kept_inputs.hpp"
#include "analysis/predict/metrics.hpp"
#include "src/models/head.hpp"
#include "src/models/network.hpp"
#include "src/torch/device_images.hpp"

namespace varphase {

/// The four ways to predict. deterministic: weights at their means, dropout left out. stochastic: one draw of the
/// noise. ensemble: the mean of K draws' probabilities. zero_mean: as ensemble, with all means of the variance layers
/// set to zero. Source: docs/math.md, "Estimators".
enum class Estimator { deterministic, stochastic, ensemble, zero_mean };

std::string estimator_name(Estimator estimator);
/// The estimator of that name; "zero-mean" is read as "zero_mean". @throws Error usage naming the estimators.
Estimator estimator_from_name(std::string name);
inline constexpr Estimator kEstimators[] = {Estimator::deterministic, Estimator::stochastic,
                                            Estimator::ensemble, Estimator::zero_mean};

/// What is predicted for N images.
struct Prediction {
  at::Tensor log_p;  // [N, classes]
  // [N], nats: mean over members of the entropy of their own probabilities. Undefined where there is one member, whose
  // entropy is that of log_p.
  at::Tensor member_entropy;
};

/// Of one set of images, by all four ways to predict.
struct AllMetrics {
  std::map<std::string, Metrics> by_estimator;  // by estimator_name
  PairedDifference gap;                         // ensemble minus deterministic accuracy
};
/// @param predict  gives an estimator's log probabilities [N, classes] @param labels  int64 [N]
AllMetrics score_estimators(const std::function<at::Tensor(Estimator)>& predict,
                            const at::Tensor& labels);

/// Predicts a set of images with a network in eval mode. What is the same for all members (the layers before the first
/// that draws noise and, for a simple head, the moments of its variance layer's output) is computed once, so the
/// network must not change while its predictor lives. If `changing` is given, the network may change from that layer
/// on; an ensemble then keeps that layer's inputs of each member (KeptInputs).
class Predictor {
 public:
  Predictor(Network& network, const DeviceImages& images, std::uint64_t seed,
            std::optional<std::size_t> changing = std::nullopt);

  /// Sets a function that is told numbers of images as an estimator has predicted them (all their members).
  void on_advance(std::function<void(std::int64_t images)> advanced) {
    advanced_ = std::move(advanced);
  }

  /// Takes the noise of another stream in place of evaluation's, from a member's number on.
  void draw_from(Stream stream, std::int64_t first_member) {
    key_.stream = stream;
    first_member_ = first_member;
  }

  /// Log probabilities [N, classes]. @param members  K of ensemble and zero_mean
  at::Tensor log_probabilities(Estimator estimator, std::int64_t members);
  /// The same with the members' own entropies.
  Prediction predict(Estimator estimator, std::int64_t members);
  AllMetrics all_metrics(std::int64_t members);

 private:
  at::Tensor run(Estimator estimator, std::int64_t members, at::Tensor* member_entropy);
  at::Tensor general(Estimator estimator, std::int64_t members, at::Tensor* member_entropy);
  /// By the fused kernel of a simple head, in parts of the images. @param base  as fused_log_probabilities takes it
  at::Tensor fused(const at::Tensor& base, std::int64_t members, at::Tensor* member_entropy);
  KeptInputs& kept_of_ensemble(std::int64_t members);

  Network& network_;
  const DeviceImages& images_;
  NoiseKey key_;
  std::int64_t first_member_ = 0;
  bool draws_noise_;
  std::optional<std::size_t> changing_;
  std::size_t trunk_end_;
  at::Tensor features_;  // [N, I]
  // The inputs of layer changing_ for each image and member of an ensemble of kept_members_.
  std::optional<KeptInputs> kept_;
  std::int64_t kept_members_ = 0;
  // Of a simple head: mean and standard deviation behind its batch norm, [1, N, J], scale * (m - mean) + beta and scale
  // * sd.
  std::optional<HeadParts> head_;
  at::Tensor base_, spread_;
  std::function<void(std::int64_t)> advanced_ = [](std::int64_t) {};
};

}  // namespace varphase
