// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "src/base/read_limits.hpp"
#include "src/data/byte_source.hpp"
#include "src/data/dataset.hpp"

namespace varphase {

/// What an IDX file of unsigned bytes holds, row-major.
struct IdxArray {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> values;
};

/// An IDX file (two zero bytes, the type, the rank, the extents as big-endian 32-bit numbers, the values), plain or
/// gzipped, read in order. Its size is checked against the header before anything is allocated and, where it is
/// gzipped, against the limit of what may be unpacked; no more is inflated than the header announces.
class IdxReader {
 public:
  /// @param smallest_rank, largest_rank what the caller can use @throws Error as read_idx
  IdxReader(const std::filesystem::path& path, int smallest_rank, int largest_rank,
            const ReadLimits& limits = {});

  const std::vector<std::int64_t>& shape() const { return shape_; }
  /// Product of the shape.
  std::uint64_t count() const { return count_; }
  /// The next values. @throws Error format where the file ends before.
  void read(std::span<std::uint8_t> out);
  /// After the last value. @throws Error format where anything follows.
  void finish();

 private:
  std::string name_;
  ByteSource source_;
  std::vector<std::int64_t> shape_;
  std::uint64_t count_ = 0;
};

/// Reads a whole IDX file.
/// @param smallest_rank, largest_rank what the caller can use.
/// @throws Error io; format naming the file, what was wanted and what was found: magic, type, rank, truncated, trailing
///   bytes, damaged gzip.
IdxArray read_idx(const std::filesystem::path& path, int smallest_rank, int largest_rank,
                  const ReadLimits& limits = {});

/// Reads images ([N, H, W] or [N, C, H, W]) and their labels ([N]); `index` counts from 0.
/// @throws Error as read_idx, also format where the two counts disagree, usage where there are no images.
ImageSet read_idx_images(const std::filesystem::path& images, const std::filesystem::path& labels,
                         const ReadLimits& limits = {});

}  // namespace varphase
