// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/robustness/aim.hpp"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>

#include "analysis/robustness/judge.hpp"
#include "src/noise/noise_key.hpp"

namespace varphase {
namespace {

constexpr std::uint16_t kLayerOfTargets = 65535;  // of no network

at::Tensor random_targets(const DeviceImages& images, std::int64_t classes, std::uint64_t seed) {
  at::Tensor target = images.labels.to(at::kCPU).clone();
  const at::Tensor example = images.example.to(at::kCPU);
  const NoiseKey key{seed, Stream::random_score, kLayerOfTargets};
  for (std::int64_t n = 0; n < images.count(); ++n) {
    const auto image = static_cast<std::uint32_t>(example.const_data_ptr<std::int64_t>()[n]);
    const std::uint64_t word = noise_block(key, image, 0, 0).x0;
    const auto drawn =
        static_cast<std::int64_t>((word * static_cast<std::uint64_t>(classes - 1)) >> 32U);
    std::int64_t& label = target.data_ptr<std::int64_t>()[n];
    label = (label + 1 + drawn) % classes;
  }
  return target.to(images.labels.device());
}

at::Tensor least_likely(const ImageModels& models, const DeviceImages& images,
                        const AttackRequest& request) {
  JudgeDraws draws;
  draws.stream = Stream::attack;
  draws.seed = request.seed;
  draws.members = request.members();
  draws.estimator = draws.members == 0 ? Estimator::deterministic : Estimator::ensemble;
  at::Tensor log_p = judged_log_probabilities(models, images, draws);
  log_p.scatter_(1, images.labels.unsqueeze(1), std::numeric_limits<double>::infinity());
  return log_p.argmin(1);
}

}  // namespace

at::Tensor aim_of(const ImageModels& models, const DeviceImages& images,
                  const AttackRequest& request) {
  const std::int64_t classes = models.front().network->classes();
  switch (request.target.rule) {
    case TargetRule::none:
      break;
    case TargetRule::next:
      return (images.labels + 1).remainder(classes);
    case TargetRule::random:
      return random_targets(images, classes, request.seed);
    case TargetRule::least_likely:
      return least_likely(models, images, request);
    case TargetRule::given:
      return at::full_like(images.labels, request.target.label);
  }
  return images.labels;
}

}  // namespace varphase
