// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/data/dataset_files.hpp"

namespace varphase {

/// The readers' HDF5, by checkpoints/: foreign files as hostile input, the cache as sealed files of
/// kind "images" (checkpoints/FORMAT.md).
const DatasetFiles& hdf5_dataset_files();

}  // namespace varphase
