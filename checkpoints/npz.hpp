// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "checkpoints/tensor_file.hpp"

namespace varphase {

/// NumPy's .npz (numpy.savez, savez_compressed): an archive of .npy files of format 1.0 to 3.0,
/// little-endian numbers, rows or columns first. Members by their names less ".npy".
/// @param origin  names the file in messages
/// @throws Error format: a damaged archive, pickled objects, big-endian or other element types.
TensorFile parse_npz(std::span<const std::byte> file, const std::string& origin);

/// @throws Error io, format (see parse_npz).
TensorFile read_npz(const std::filesystem::path& path);

}  // namespace varphase
