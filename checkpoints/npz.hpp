// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoints/tensor_file.hpp"
#include "src/base/read_limits.hpp"

namespace varphase {

/// NumPy's .npz (numpy.savez, savez_compressed): an archive of .npy files of format 1.0 to 3.0,
/// little-endian numbers, rows or columns first. Members by their names less ".npy". Whole numbers
/// of fewer bits than 32, and unsigned ones over 8, come as int64.
/// @param origin  names the file in messages
/// @throws Error format: a damaged archive, pickled objects, big-endian or other element types,
/// more bytes once unpacked than `limits` allow (which the directory tells before anything is).
TensorFile parse_npz(std::span<const std::byte> file, const std::string& origin,
                     const ReadLimits& limits = {});

/// @throws Error io, format (see parse_npz).
TensorFile read_npz(const std::filesystem::path& path, const ReadLimits& limits = {});

/// Of each of `wanted`, which are several names for one thing, the first that an archive holds, or
/// none; the others are not unpacked. @throws Error io, format.
std::vector<std::optional<Array>> read_npz_arrays(const std::filesystem::path& path,
                                                  std::span<const std::vector<std::string>> wanted,
                                                  const ReadLimits& limits);

/// One array by itself, as numpy.save writes it. @throws Error io, format.
Array read_npy(const std::filesystem::path& path, const std::string& name);

/// Shape and type of such a file without its values, and where these begin.
struct NpyFile {
  Array array;
  bool columns_first = false;
  std::uint64_t data = 0;
};
/// @throws Error io, format; also where the file's size is another than the shape's.
NpyFile open_npy(const std::filesystem::path& path, const std::string& name);

}  // namespace varphase
