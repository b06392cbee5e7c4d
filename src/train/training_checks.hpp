// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/models/network.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// Checks that a training of so many images can begin: what fields of its configuration say alone and beside each
/// other.
/// @throws Error usage where there are fewer images than a batch takes, or where fields contradict each other.
void check_training(const TrainConfig& config, std::int64_t images);

/// Checks that every batch norm can be trained, as PyTorch does.
/// @throws Error usage where one would see a single value per channel, which has no variance: a batch of one image
///   behind layers whose outputs have one place.
void check_batch_norm(const TrainConfig& config, const Network& network);

/// Checks a network about to be trained against train.log_alpha_max.
/// @throws Error usage where a layer's log alpha begins above it, or where no layer trains a log alpha.
void check_log_alpha_max(const TrainConfig& config, const Network& network);

/// Checks that dropped weights will stay as they are, and that those to be dropped in training can be chosen.
/// @throws Error usage: Adam with epsilon 0 divides 0 by 0 for a dropped weight; weight decay moves the mean of a
///   weight whose variance alone was dropped; train.prune_sparsity wants variance layers, and means for the criterion
///   magnitude.
void check_masks(const TrainConfig& config, const Network& network);

/// Whether training keeps a layer's log alpha at train.log_alpha_max or below: only where it trains log alpha, and
/// where the bound is below the one that every parameterization has by itself.
bool bounds_log_alpha(const TrainConfig& config, const VarianceLayer& layer);

}  // namespace varphase
