// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/data/image_source.hpp"

namespace varphase {

/// One file that holds many images of one size: IDX of rank 3 or 4, CIFAR's binary form, a .npy
/// file, and an HDF5 or .npz file with the array `images` (or `test/images`, ...).
bool holds_idx_images(const std::filesystem::path& path);
bool holds_cifar_images(const std::filesystem::path& path);
bool holds_hdf5_images(const std::filesystem::path& path);
bool holds_numpy_images(const std::filesystem::path& path);

std::unique_ptr<ImageSource> open_idx_source(const ImageRequest& request);
std::unique_ptr<ImageSource> open_cifar_source(const ImageRequest& request);
std::unique_ptr<ImageSource> open_named_array_source(const ImageRequest& request);

}  // namespace varphase
