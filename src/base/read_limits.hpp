// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace varphase {

/// What reading a file of anyone's making may cost: a few bytes can claim to be gigabytes. Each is
/// looked at before anything is unpacked, and has a flag that raises it.
struct ReadLimits {
  std::uint64_t unpacked_bytes = 0;  // of a packed file (NPZ, HDF5, gzip); 0: see most_unpacked
  std::int64_t image_pixels = std::int64_t{1} << 26U;  // of a JPEG or PNG file
  std::int64_t jpeg_scans = 64;  // of a progressive JPEG, each of which goes over all its pixels

  /// What a file may unpack to where no number was given: 256 MiB, or 64 times its own size where
  /// that is more. Images are seldom packed better than 20 times.
  std::uint64_t most_unpacked(std::uint64_t file_bytes) const;
};

/// @param what names file and object
/// @throws Error format where a file of so many bytes would unpack to more than it may.
void check_unpacked(const std::string& what, std::uint64_t unpacked, std::uint64_t file_bytes,
                    const ReadLimits& limits);

}  // namespace varphase
