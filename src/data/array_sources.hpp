// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/data/image_source.hpp"

namespace varphase {

/// Whether a path is one file with many images of one size: an IDX file of rank 3 or 4, one of CIFAR's binary files, an
/// HDF5 file with the array `images` (or `test/images`, ...), or such an .npz file or a .npy file.
bool holds_idx_images(const std::filesystem::path& path);
bool holds_cifar_images(const std::filesystem::path& path);
bool holds_hdf5_images(const std::filesystem::path& path);
bool holds_numpy_images(const std::filesystem::path& path);

std::unique_ptr<ImageSource> open_idx_source(const ImageRequest& request);
std::unique_ptr<ImageSource> open_cifar_source(const ImageRequest& request);
std::unique_ptr<ImageSource> open_named_array_source(const ImageRequest& request);
/// Of held_images.hpp, whose name is in place of a path.
std::unique_ptr<ImageSource> open_held_source(const ImageRequest& request);

}  // namespace varphase
