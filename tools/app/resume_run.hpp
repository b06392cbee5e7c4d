// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "src/train/train_config.hpp"
#include "tools/app/train_job.hpp"

namespace varphase {

/// How a run goes on.
struct Resumption {
  std::string run;
  TextList set;  // of data.data, train.epochs and train.extension alone
  bool accept_changed_data = false;
  DeviceChoice device;
};

/// Lays over a run's configuration what may change when it goes on: where its images are, and more
/// epochs. @return whether the configuration is another now.
/// @throws Error usage for any other field, or where the run would get shorter.
bool apply_resume_overrides(RunConfig& config, const TextList& set);

/// Goes on with one run to its end. @throws Error as train; io where there is nothing to go on
/// from.
TrainResult resume_run(const Resumption& resumption, TrainJob& job);

}  // namespace varphase
