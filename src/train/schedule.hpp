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

}  // namespace varphase
