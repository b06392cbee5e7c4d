// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/base/registry.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// The learning rate as a share of the first one, at an epoch (epochs completed, 0 .. epochs - 1). The schedule begins
/// after `hold`, a share of all epochs, and is stretched over the epochs that are left.
using Schedule = double (*)(const TrainConfig& config, std::int64_t epoch, double hold);

/// All schedules by the name that a configuration gives them.
const Registry<Schedule>& schedules();

struct LearningRates {
  double weights = 0;
  double variances = 0;  // of log alpha: times log_alpha_rate, held for log_alpha_hold
};
LearningRates learning_rates(const TrainConfig& config, std::int64_t epoch);

/// Weight of the KL term: 0 before kl_start, then a linear rise over kl_warmup epochs, then kl_weight.
double kl_weight(const TrainConfig& config, std::int64_t epoch);

/// Whether weights are dropped after an epoch (epochs completed, 1 .. epochs): every prune_every epochs from
/// prune_begin on, and after prune_end.
bool prunes_after(const TrainConfig& config, std::int64_t epoch);

/// The share of a layer's weights that is dropped then, with s = prune_sparsity, t0 = prune_begin and t1 = prune_end:
///
///     s (1 - (1 - (t - t0) / (t1 - t0))^3)
///
/// Source: Zhu & Gupta, To prune, or not to prune (2017), eq. 1.
double prune_sparsity(const TrainConfig& config, std::int64_t epoch);

}  // namespace varphase
