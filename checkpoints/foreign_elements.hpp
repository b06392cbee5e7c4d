// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "src/base/array.hpp"

namespace varphase {

/// Element types of other programs' files, little-endian.
enum class ForeignElement : std::uint8_t {
  float32,
  float64,
  float16,
  bfloat16,
  int64,
  int32,
  uint8,
  boolean,
};

inline constexpr std::size_t kMaxForeignRank = 8;

std::size_t foreign_element_size(ForeignElement element);

/// The bytes that values of a shape take, where the shape comes from a file.
/// @param what  names file and object in the message
/// @throws Error format where that is more than a file may hold.
std::uint64_t foreign_bytes(const std::vector<std::uint64_t>& shape, ForeignElement element,
                            const std::string& what);

/// Fills type and bytes of an array whose shape is set: half floats are widened to float32, booleans become uint8.
/// @param bytes  as many as the shape wants
/// @throws Error format for a boolean that is neither 0 nor 1.
void take_foreign(std::span<const std::byte> bytes, ForeignElement element, Array& array,
                  const std::string& what);

}  // namespace varphase
