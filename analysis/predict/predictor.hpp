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

/// The four ways to predict: weights at their means and dropout left out, one draw, the mean of K
/// draws' probabilities, and K draws with all means of the variance layers set to zero. Source:
/// docs/math.md, "Estimators".
enum class Estimator { deterministic, stochastic, ensemble, zero_mean };

std::string estimator_name(Estimator estimator);
/// By that name, or with - for _. @throws Error usage naming the estimators.
Estimator estimator_from_name(std::string name);
inline constexpr Estimator kEstimators[] = {Estimator::deterministic, Estimator::stochastic,
                                            Estimator::ensemble, Estimator::zero_mean};

/// What is predicted of N images, and what the members were unsure of by themselves.
struct Prediction {
  at::Tensor log_p;  // [N, classes]
  // [N], nats: mean over members of the entropy of their own p; undefined where there is one, whose
  // entropy is that of log_p.
  at::Tensor member_entropy;
};

/// Predicts a set of images with a network in eval mode. What does not change from member to member
/// (the layers before the first that draws noise, and for a simple head its moments) is computed
/// once: the network must not change while its predictor lives. Where `changing` is given, it may
/// from that layer on, whose inputs an ensemble then keeps for each member (KeptInputs).
class Predictor {
 public:
  Predictor(Network& network, const DeviceImages& images, std::uint64_t seed,
            std::optional<std::size_t> changing = std::nullopt);

  /// Is told from now on of images that an estimator has predicted, all members of them.
  void on_advance(std::function<void(std::int64_t images)> advanced) {
    advanced_ = std::move(advanced);
  }

  /// log probabilities [N, classes]. `members` counts for ensemble and zero_mean.
  at::Tensor log_probabilities(Estimator estimator, std::int64_t members);
  /// The same probabilities with the members' entropies.
  Prediction predict(Estimator estimator, std::int64_t members);
  std::map<std::string, Metrics> all_metrics(std::int64_t members);

 private:
  at::Tensor run(Estimator estimator, std::int64_t members, at::Tensor* member_entropy);
  at::Tensor general(Estimator estimator, std::int64_t members, at::Tensor* member_entropy);
  /// The simple head's, by any mean of its output; in parts of the images.
  at::Tensor fused(const at::Tensor& base, std::int64_t members, at::Tensor* member_entropy);
  KeptInputs& kept_of_ensemble(std::int64_t members);

  Network& network_;
  const DeviceImages& images_;
  NoiseKey key_;
  bool draws_noise_;
  std::optional<std::size_t> changing_;
  std::size_t trunk_end_;
  at::Tensor features_;  // [N, I]
  // Of layer changing_, by image and member, for an ensemble of so many.
  std::optional<KeptInputs> kept_;
  std::int64_t kept_members_ = 0;
  // Of h behind the batch norm, [1, N, J]: scale * (m - mean) + beta and scale * sd; only where the
  // head is a simple one.
  std::optional<HeadParts> head_;
  at::Tensor base_, spread_;
  std::function<void(std::int64_t)> advanced_ = [](std::int64_t) {};
};

}  // namespace varphase
