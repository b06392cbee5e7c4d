// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/data/dataset_files.hpp"
#include "src/train/train_config.hpp"

namespace varphase {

/// The readers' HDF5 and NumPy files, by checkpoints/: foreign files as hostile input, the cache as
/// sealed files of kind "images" (checkpoints/FORMAT.md).
const DatasetFiles& array_dataset_files();

/// What a run's config, or a command line, asks the readers for. @throws Error usage.
DataRequest data_request(const DataConfig& config);

ReadLimits read_limits(const DataConfig& config);

}  // namespace varphase
