// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include "analysis/robustness/attack.hpp"
#include "analysis/robustness/attack_outcome.hpp"
#include "analysis/robustness/judge.hpp"

namespace varphase {

/// How attacked images are judged: by noise that the attack never saw. At point t of an attack the members t * K + k of
/// stream attack_judge predict.
struct JudgeRequest {
  Estimator estimator = Estimator::ensemble;
  std::int64_t members = 10;
  std::int64_t every = 1;  // steps between judged points; 0: the first and the last alone
  bool keep_pixels = false;
};

/// The points of an attack that are judged: 0 and the last step always.
std::vector<std::int64_t> judged_points(std::int64_t steps, std::int64_t every);

/// Attacks a batch of images and judges them, with no wait for a GPU between the steps. Of several restarts each image
/// keeps the one that does best by the attack's own draws: first whether it succeeds, then its loss; so what is kept
/// does not depend on the noise that judges.
/// @param models  what is attacked @param judges  each an ensemble of networks
/// @param advanced  told after each step
AttackOutcome attack_batch(const ImageModels& models, const std::vector<ImageModels>& judges,
                           const DeviceImages& images, const AttackRequest& request,
                           const JudgeRequest& judging, const std::function<void()>& advanced);

/// Images that are attacked at a time: a share of the memory and of the time of all, and by the networks and the request
/// alone, so that the same request has the same batches.
std::int64_t images_of_batch(const ImageModels& models, const AttackRequest& request,
                             at::Device device);

}  // namespace varphase
