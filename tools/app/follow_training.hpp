// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/distributed/communicator.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/device_choice.hpp"
#include "tools/app/train_job.hpp"

namespace varphase {

/// By rank 0: tells the others what is trained, once it may be.
/// @param fresh  whether nothing of it is trained yet
void lead_training(Communicator& ranks, const RunConfig& config, bool fresh);
/// By rank 0: tells the others that there is nothing to train. @param device  where it meets them
void lead_nothing(Communicator& ranks, const DeviceChoice& device, const TrainResult& result);

/// By the others: trains along, and writes nothing. The run's folder need not be theirs to see, the images do.
TrainResult follow_training(const DeviceChoice& choice, TrainJob& job);

}  // namespace varphase
