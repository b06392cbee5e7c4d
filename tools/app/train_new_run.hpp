// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "src/train/train_config.hpp"
#include "tools/app/initial_weights.hpp"
#include "tools/app/train_job.hpp"

namespace varphase {

/// What shall be trained, and where.
struct NewTraining {
  std::string run;
  bool overwrite = false;
  RunConfig config;  // of several members: of the first
  TextList set;      // what was laid over it
  std::optional<InitialWeights> init;
  DeviceChoice device;
};

/// Trains one new run to its end. @throws Error as train.
TrainResult train_new_run(NewTraining training, TrainJob& job);

}  // namespace varphase
