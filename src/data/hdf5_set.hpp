// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "src/data/readers.hpp"

namespace varphase {

/// Whether a file begins as HDF5 does.
bool holds_hdf5(const std::filesystem::path& path);

/// Somebody's own images in one HDF5 file: `train/images` and `train/labels`, `test/images` and
/// `test/labels` (or `val/...`, or flat: `train_images`, ...). Images are unsigned bytes [N, H, W],
/// [N, C, H, W] or [N, H, W, C]; which of the last two is told by the attribute `layout` ("NCHW",
/// "NHWC") or by where 1 or 3 channels stand. Labels are whole numbers [N] from 0.
/// @throws Error io, format: a dataset is missing, has another type or rank, layouts or counts
/// disagree, a label is negative (said with its position); usage where no DatasetFiles were lent.
Dataset read_hdf5_set(const std::filesystem::path& path, const ReadOptions& options);

}  // namespace varphase
