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

/// Whether the path is an .npz file, or a folder with .npy files that are named as a set's arrays.
bool holds_numpy_set(const std::filesystem::path& path);

/// The names under which images without labels are looked for, the documented one first.
/// @param key  the name that --hdf5-images gives, or ""
std::vector<std::string> image_array_names(const std::string& key);

/// Reads images as named arrays of anybody's making: an HDF5 file, an .npz file, or a folder of .npy files.
///
/// The arrays are `train/images`, `train/labels`, `test/images` and `test/labels`, or x_train, y_train and so on, also
/// with _ in place of /. `val` is taken as the test set where there is none, and as the validation images where there
/// is one. Or there are `images` (`data`, `x`) and `labels` (`targets`, `y`) alone: then a fifth of them becomes the
/// test images, as `notes` say. options.images_key and labels_key give other names.
///
/// Images are unsigned bytes or float32 [N, H, W], [N, C, H, W] or [N, H, W, C] (array_image_layout tells which);
/// whether float32 is 0 .. 1 or 0 .. 255 says an attribute or options.pixel_range (agreed_range). Labels are whole
/// numbers from 0, [N] or [N, 1].
///
/// The path may be the name of arrays that are held in memory (held_images.hpp).
///
/// The HDF5 file of `varphase attack --save` is read as DatasetFiles::read_attacked does, whatever the names are.
/// @throws Error io, format: an array is missing or has another type or rank, layouts or counts disagree, a label is
///   negative (the message says which); usage where options.files is null.
Dataset read_array_set(const std::filesystem::path& path, const ReadOptions& options);

}  // namespace varphase
