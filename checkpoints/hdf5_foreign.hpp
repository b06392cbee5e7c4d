// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/base/array.hpp"
#include "src/base/read_limits.hpp"

namespace varphase {

/// Reads arrays of whole numbers or float32 from an HDF5 file that anybody may have made.
///
/// The file is read in a child process with limits of time, which hands the values over: a file that makes HDF5 crash
/// or hang costs this process nothing. Only hard links are followed. Datasets of any HDF5 version are read that are
/// stored in the file itself (contiguous, compact or chunked) with the filters deflate, shuffle and fletcher32, with
/// every chunk written, no larger than the file's bytes can unpack to, and all chunks together no larger than `limits`
/// allow. Unsigned bytes come as uint8, other integer types as int64, float32 as it is; other
/// floating-point types are refused.
/// @param wanted  for each array several names, of which the first that the file holds is read
/// @return one for each of `wanted`, none where the file holds none of the names. `dims` is the dataset's text
///   attribute `layout`, or "", and `unit` its text attribute `range`.
/// @throws Error io; format naming file and object; device where the values need more memory than the machine has.
std::vector<std::optional<Array>> read_foreign_arrays(
    const std::filesystem::path& path, std::span<const std::vector<std::string>> wanted,
    const ReadLimits& limits);

/// The first of `names` that such a file holds, without values; none where it holds none. It is checked as
/// read_foreign_arrays does, and read through once in the child process, piece by piece.
std::optional<Array> find_foreign_array(const std::filesystem::path& path,
                                        std::span<const std::string> names,
                                        const ReadLimits& limits);

/// Entries first .. first + count - 1 of the first axis of an array that find_foreign_array found.
/// @throws Error io, format also where the file has changed since.
Array read_foreign_rows(const std::filesystem::path& path, const Array& found, std::int64_t first,
                        std::int64_t count, const ReadLimits& limits);

}  // namespace varphase
