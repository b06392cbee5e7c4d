// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/data/readers.hpp"

namespace varphase {

/// Whether a file begins as HDF5 does.
bool holds_hdf5(const std::filesystem::path& path);

/// Whether a file begins as NumPy's .npy or .npz does.
bool holds_numpy_file(const std::filesystem::path& path);

/// An .npz file, or a folder with .npy files of a set's names.
bool holds_numpy_set(const std::filesystem::path& path);

/// Under which names images without labels are looked for, the documented one first.
/// @param key --hdf5-images, or ""
std::vector<std::string> image_array_names(const std::string& key);

/// Somebody's own images as named arrays: an HDF5 file, an .npz file, a folder of .npy files.
///
/// `train/images` and `train/labels`, `test/images` and `test/labels`; also with _ for /, as
/// x_train and y_train, ...; `val` is the test where there is none, and the validation images where
/// there is. Or `images` (`data`, `x`) and `labels` (`targets`, `y`) alone, of which a fifth
/// becomes the test images, as `notes` say. options.images_key and labels_key name others.
///
/// Images are unsigned bytes [N, H, W], [N, C, H, W] or [N, H, W, C]; which of the last two is told
/// by HDF5's attribute `layout` ("NCHW", "NHWC") or by where 1 or 3 channels stand. Labels are
/// whole numbers [N] or [N, 1] from 0.
/// @throws Error io, format: an array is missing, has another type or rank, layouts or counts
/// disagree, a label is negative (said with its position); usage where no DatasetFiles were lent.
Dataset read_array_set(const std::filesystem::path& path, const ReadOptions& options);

}  // namespace varphase
