// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "checkpoints/hdf5_extent.hpp"

namespace varphase {

// What the writer keeps to and the reader wants.
inline constexpr std::size_t kMaxDepth = 16;        // groups above a dataset
inline constexpr std::size_t kMaxObjects = 100000;  // groups and datasets of a file
inline constexpr std::size_t kMaxAttributes = 4096;
inline constexpr std::size_t kMaxName = 255;  // bytes of one part of a path
inline constexpr std::size_t kMaxText = std::size_t{16} << 20U;
inline constexpr std::size_t kChunkBytes = std::size_t{1} << 20U;

inline bool is_name_part(std::string_view part) {
  return !part.empty() && part.size() <= kMaxName && part != "." && part != ".." &&
         std::none_of(part.begin(), part.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7f || c == '/';
         });
}

/// Rows that fill about kChunkBytes, all chunks nearly equal so that the last one wastes little: a chunk is a run of
/// the array's bytes.
inline std::vector<std::uint64_t> chunk_of(std::span<const std::uint64_t> shape,
                                           std::size_t element) {
  std::vector<std::uint64_t> chunk(shape.size(), 1);
  std::uint64_t inner = element;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const std::uint64_t extent = std::max<std::uint64_t>(shape[axis], 1);
    const std::uint64_t fits = std::max<std::uint64_t>(kChunkBytes / inner, 1);
    const std::uint64_t parts = extent / fits + (extent % fits != 0 ? 1 : 0);
    chunk[axis] = extent / parts + (extent % parts != 0 ? 1 : 0);
    if (parts > 1) break;  // outer axes stay 1
    inner = product(inner, extent);
  }
  return chunk;
}

}  // namespace varphase
