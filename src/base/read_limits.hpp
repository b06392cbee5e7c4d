// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace varphase {

/// How much memory and time a file may cost that anybody may have made: a few bytes can claim to be gigabytes. Each
/// limit is checked before anything is unpacked, and has a flag that raises it.
struct ReadLimits {
  std::uint64_t unpacked_bytes = 0;  // of a packed file (NPZ, HDF5, gzip); 0: as most_unpacked says
  std::int64_t image_pixels = std::int64_t{1} << 26U;  // of a JPEG or PNG file
  std::int64_t jpeg_scans = 64;  // of a progressive JPEG: each goes over all its pixels

  /// How many bytes a file of `file_bytes` may unpack to: unpacked_bytes where given, else 256 MiB, or 64 times the
  /// file's own size where that is more. Images are seldom packed better than 20 times.
  std::uint64_t most_unpacked(std::uint64_t file_bytes) const;
};

/// @param what  names file and object in the message
/// @param unpacked, file_bytes  bytes that the file would unpack to, and its size
/// @throws Error format where that is more than `limits` allow.
void check_unpacked(const std::string& what, std::uint64_t unpacked, std::uint64_t file_bytes,
                    const ReadLimits& limits);

}  // namespace varphase
