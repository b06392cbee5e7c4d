// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace varphase {

/// The output function of the SplitMix64 generator (Steele, Lea, Flood 2014): a bijection of 64-bit words that looks
/// random. Fixed for ever: splits and synthetic images are defined by it.
constexpr std::uint64_t hash_word(std::uint64_t word) {
  word += 0x9E3779B97F4A7C15U;
  word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
  word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
  return word ^ (word >> 31U);
}

}  // namespace varphase
