// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/base/bit_mask.hpp"

#include <bit>

namespace varphase {

BitMask pack_mask(std::span<const std::uint8_t> keep) {
  BitMask mask((keep.size() + 7) / 8);
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] != 0) mask[i >> 3U] = static_cast<std::uint8_t>(mask[i >> 3U] | 1U << (i & 7U));
  }
  return mask;
}

std::vector<std::uint8_t> unpack_mask(std::span<const std::uint8_t> mask, std::int64_t count) {
  std::vector<std::uint8_t> keep(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < keep.size(); ++i) {
    keep[i] = static_cast<std::uint8_t>(mask[i >> 3U] >> (i & 7U) & 1U);
  }
  return keep;
}

std::int64_t kept_count(std::span<const std::uint8_t> mask) {
  std::int64_t kept = 0;
  for (const std::uint8_t byte : mask) kept += std::popcount(byte);
  return kept;
}

}  // namespace varphase
