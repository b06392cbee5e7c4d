// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace varphase {

/// A mask with one bit per weight: weight i is bit (i & 7) of byte i >> 3, 1 = kept; bits beyond the last weight are 0.
/// numpy.unpackbits(mask, count=n, bitorder="little") reads it.
using BitMask = std::vector<std::uint8_t>;

/// @param keep one byte per weight, 0 = dropped, anything else = kept.
BitMask pack_mask(std::span<const std::uint8_t> keep);

/// One byte per weight, 0 or 1. `mask` holds at least `count` bits.
std::vector<std::uint8_t> unpack_mask(std::span<const std::uint8_t> mask, std::int64_t count);

/// Number of bits that are set.
std::int64_t kept_count(std::span<const std::uint8_t> mask);

}  // namespace varphase
