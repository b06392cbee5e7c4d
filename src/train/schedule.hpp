// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/base/registry.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// Share of the first learning rate at an epoch (epochs completed, 0 .. epochs - 1), where the
/// schedule begins after `hold`, a share of all epochs, and takes the epochs that are left.
using Schedule = double (*)(const TrainConfig& config, std::int64_t epoch, double hold);

/// All schedules by the name that a configuration gives them.
const Registry<Schedule>& schedules();

struct LearningRates {
  double weights = 0;
  double variances = 0;  // of log alpha: times log_alpha_rate, held for log_alpha_hold
};
LearningRates learning_rates(const TrainConfig& config, std::int64_t epoch);

/// Weight of the KL term: kl_weight, after 0 before kl_start and a linear rise over kl_warmup.
double kl_weight(const TrainConfig& config, std::int64_t epoch);

/// Whether weights are dropped after an epoch (epochs completed, 1 .. epochs): every prune_every
/// from prune_begin on, and after prune_end.
bool prunes_after(const TrainConfig& config, std::int64_t epoch);

/// Share of a layer's weights that is dropped then: s (1 - (1 - (t - t0)/(t1 - t0))^3) from t0 =
/// prune_begin to t1 = prune_end, s = prune_sparsity. Source: Zhu & Gupta, To prune, or not to
/// prune (2017), eq. 1.
double prune_sparsity(const TrainConfig& config, std::int64_t epoch);

}  // namespace varphase
