// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/train/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace varphase {
namespace {

/// The epochs that the schedules span: fewer than the run has where it was extended by constant
/// rates.
std::int64_t planned_epochs(const TrainConfig& config) {
  return config.extended_from > 0 && config.extension == "constant" ? config.extended_from
                                                                    : config.epochs;
}

double done(const TrainConfig& config, std::int64_t epoch) {
  return static_cast<double>(epoch) / static_cast<double>(planned_epochs(config));
}

/// To 0 at the end; the authors' schedule.
double linear(const TrainConfig& config, std::int64_t epoch, double hold) {
  const double share = done(config, epoch);
  return share < hold ? 1.0 : (1 - share) / (1 - hold);
}

double constant(const TrainConfig&, std::int64_t, double) { return 1; }

/// PyTorch's StepLR: times gamma every step_size epochs.
double step(const TrainConfig& config, std::int64_t epoch, double hold) {
  // The margin keeps a share such as 0.07 of 100 epochs from rounding up to the 8th.
  const auto first = static_cast<std::int64_t>(
      std::ceil(hold * static_cast<double>(planned_epochs(config)) * (1 - 1e-12)));
  if (epoch < first) return 1;
  const std::int64_t falls = (epoch - first) / config.step_size;
  return std::pow(config.gamma, static_cast<double>(falls));
}

/// PyTorch's CosineAnnealingLR with T_max = the epochs and eta_min = 0.
double cosine(const TrainConfig& config, std::int64_t epoch, double hold) {
  const double share = std::max(0.0, (done(config, epoch) - hold) / (1 - hold));
  return (1 + std::cos(std::numbers::pi * share)) / 2;
}

std::int64_t last_pruning(const TrainConfig& config) {
  return config.prune_end > 0 ? config.prune_end : config.epochs;
}

}  // namespace

const Registry<Schedule>& schedules() {
  static const Registry<Schedule> table{
      "schedule", {{"linear", linear}, {"constant", constant}, {"step", step}, {"cosine", cosine}}};
  return table;
}

LearningRates learning_rates(const TrainConfig& config, std::int64_t epoch) {
  if (planned_epochs(config) < config.epochs) epoch = std::min(epoch, planned_epochs(config) - 1);
  const Schedule schedule = schedules().at(config.schedule);
  return {config.learning_rate * schedule(config, epoch, 0),
          config.learning_rate * config.log_alpha_rate *
              schedule(config, epoch, config.log_alpha_hold)};
}

double kl_weight(const TrainConfig& config, std::int64_t epoch) {
  if (epoch < config.kl_start) return 0;
  const auto risen = static_cast<double>(epoch - config.kl_start);
  const double warm =
      config.kl_warmup > 0 ? std::min(1.0, risen / static_cast<double>(config.kl_warmup)) : 1.0;
  return config.kl_weight * warm;
}

bool prunes_after(const TrainConfig& config, std::int64_t epoch) {
  const std::int64_t last = last_pruning(config);
  if (config.prune_sparsity == 0 || epoch <= config.prune_begin || epoch > last) return false;
  return epoch == last || (epoch - config.prune_begin) % config.prune_every == 0;
}

double prune_sparsity(const TrainConfig& config, std::int64_t epoch) {
  const auto first = static_cast<double>(config.prune_begin);
  const auto last = static_cast<double>(last_pruning(config));
  const double left = std::clamp((last - static_cast<double>(epoch)) / (last - first), 0.0, 1.0);
  return config.prune_sparsity * (1 - left * left * left);
}

}  // namespace varphase
