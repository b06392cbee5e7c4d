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

/// Reads NumPy's .npz (numpy.savez, savez_compressed) from its bytes: an archive of .npy files of format 1.0 to 3.0
/// with little-endian numbers, rows or columns first. Arrays have their members' names less ".npy". Whole numbers of
/// fewer than 32 bits, and unsigned ones of more than 8, come as int64.
/// @param origin  names the file in messages
/// @throws Error format: a damaged archive, pickled objects, big-endian or other element types, or more bytes once
///   unpacked than `limits` allow, which the archive's directory tells before anything is unpacked.
TensorFile parse_npz(std::span<const std::byte> file, const std::string& origin,
                     const ReadLimits& limits = {});

/// @throws Error io, format (see parse_npz).
TensorFile read_npz(const std::filesystem::path& path, const ReadLimits& limits = {});

/// For each of `wanted`, which are several names for one thing, the first that an archive holds, or none. Other members
/// are not unpacked. @throws Error io, format.
std::vector<std::optional<Array>> read_npz_arrays(const std::filesystem::path& path,
                                                  std::span<const std::vector<std::string>> wanted,
                                                  const ReadLimits& limits);

/// Reads a .npy file, one array, as numpy.save writes it. @throws Error io, format.
Array read_npy(const std::filesystem::path& path, const std::string& name);

/// Shape and type of a .npy file without its values, and at which byte these begin.
struct NpyFile {
  Array array;
  bool columns_first = false;
  std::uint64_t data = 0;
};
/// @throws Error io, format, also where the file is not as long as its shape wants.
NpyFile open_npy(const std::filesystem::path& path, const std::string& name);

}  // namespace varphase
