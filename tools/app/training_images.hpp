// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include <c10/core/Device.h>

#include "src/data/dataset.hpp"
#include "src/torch/device_images.hpp"
#include "src/train/train_config.hpp"
#include "tools/app/initial_weights.hpp"
#include "tools/app/train_job.hpp"

namespace varphase {

/// The images of one or several runs, read once and put on the device once.
struct TrainingImages {
  TrainingImages(Dataset read, at::Device device);
  Dataset dataset;
  DeviceImages train, test, validation;
};

/// How far a run is whose images are read.
struct TrainingStage {
  bool made_now = true;  // not resumed: its config takes the classes' names
  bool fresh = true;     // nothing of it is trained yet
};

/// Reads the images and refuses, before anything is written, a configuration that cannot train on
/// them; records in `config` where they lie and by what they are normalized.
/// @param set  what was laid over the config
Dataset checked_dataset(RunConfig& config, TrainingStage stage, const TextList& set,
                        const std::optional<InitialWeights>& init, TrainJob& job);

}  // namespace varphase
