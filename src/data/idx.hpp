// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "src/data/dataset.hpp"

namespace varphase {

/// What an IDX file of unsigned bytes holds, row-major.
struct IdxArray {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> values;
};

/// Reads an IDX file (two zero bytes, the type, the rank, the extents as big-endian 32-bit numbers,
/// the values), plain or gzipped. Sizes are checked before anything is allocated, and no more is
/// inflated than the header announces.
/// @param smallest_rank, largest_rank what the caller can use.
/// @throws Error io; format naming the file, what was wanted and what was found: magic, type, rank,
/// truncated,
///         trailing bytes, damaged gzip.
IdxArray read_idx(const std::filesystem::path& path, int smallest_rank, int largest_rank);

/// Reads images ([N, H, W] or [N, C, H, W]) and their labels ([N]); `index` counts from 0.
/// @throws Error as read_idx, also format where the two counts disagree, usage where there are no
/// images.
ImageSet read_idx_images(const std::filesystem::path& images, const std::filesystem::path& labels);

}  // namespace varphase
