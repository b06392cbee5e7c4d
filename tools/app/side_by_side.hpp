// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "src/base/time_estimate.hpp"
#include "tools/app/run_trainer.hpp"

namespace varphase {

/// What is left of runs that train side by side, and of so many more that come after them.
LongWork work_of(const std::vector<RunTrainer*>& runs, std::int64_t further);

struct SideBySideResult {
  bool diverged = false;                 // some run's loss was no longer finite
  std::vector<StoppedTraining> stopped;  // all are saved; empty: trained to the end
};

/// Trains runs to their end, or to where the job is asked to stop, step by step in turn. One whose
/// loss is no longer finite ends alone where there are several.
/// @throws Error numeric where there is one run
SideBySideResult train_side_by_side(const std::vector<RunTrainer*>& runs, TimeEstimate& estimate,
                                    TrainJob& job);

/// One run alone, to its end. @throws Error numeric.
TrainResult train_alone(RunTrainer& run, at::Device device, TrainJob& job);

}  // namespace varphase
