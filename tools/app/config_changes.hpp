// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "src/train/train_config.hpp"

namespace varphase {

/// A field of a configuration that is not what it was.
struct ConfigChange {
  std::string field;  // "train.learning_rate", "network.layers.4.variance_dense.out"
  std::string was;    // as JSON; "nothing" where there was none
  std::string is;
  bool allowed = false;  // it decides nothing of what is trained from here on: the run stays itself
};

/// Field by field, in the order of the newer one. A run that was extended may have other epochs.
std::vector<ConfigChange> config_changes(const RunConfig& was, const RunConfig& is);

/// Refuses a checkpoint that is not of a run's training.
/// @param config      what the run's config.json says
/// @param checkpoint  the configuration that the checkpoint holds, JSON
/// @return the changes that are allowed
/// @throws Error usage naming the checkpoint, every field and both values.
std::vector<ConfigChange> check_same_training(const RunConfig& config,
                                              const std::string& checkpoint,
                                              const std::string& path);

}  // namespace varphase
