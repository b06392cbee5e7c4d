// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

namespace varphase {

/// What reading a file of anyone's making may cost: a few bytes can claim to be gigabytes. All are
/// looked at before anything is unpacked, and each has a flag.
struct ReadLimits {
  std::uint64_t unpacked_bytes = 0;  // of a packed file (NPZ, HDF5, gzip); 0: see most_unpacked
  std::int64_t image_pixels = std::int64_t{1} << 26;  // of a JPEG or PNG file
  std::int64_t jpeg_scans = 64;  // of a progressive JPEG, each of which goes over all its pixels

  /// What a file may unpack to where no number was given: 256 MiB, or 64 times its own size where
  /// that is more. Images are seldom packed better than 20 times.
  std::uint64_t most_unpacked(std::uint64_t file_bytes) const {
    constexpr std::uint64_t kAlways = std::uint64_t{256} << 20;
    constexpr std::uint64_t kRatio = 64;
    if (unpacked_bytes > 0) return unpacked_bytes;
    return std::max(kAlways, std::min(file_bytes, UINT64_MAX / kRatio) * kRatio);
  }
};

}  // namespace varphase
