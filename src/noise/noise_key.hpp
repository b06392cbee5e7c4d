// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/noise/philox.hpp"

namespace varphase {

/// What a random number is for; two uses never share numbers. Table in docs/math.md, "Noise".
enum class Stream : std::uint8_t {
  test = 0,
  training = 1,
  evaluation = 2,
  attack = 3,
  attack_judge = 4,
  data_order = 5,
  augmentation = 6,
  initial_value = 7,
  dropout = 8,
  random_score = 9,
  probe = 10,
  weight_draw = 11,
  reestimation = 12,
  kl_sample = 13,
  corruption = 14,
  bootstrap = 15,
  attack_start = 16,
};

/// What is the same in the Philox counter and key for all numbers of a tensor; example, member and unit complete it.
/// The same key gives the same numbers on any device and at any batch size.
struct NoiseKey {
  std::uint64_t seed = 0;
  Stream stream = Stream::test;
  std::uint16_t layer = 0;  // position of the layer in the network
  std::uint8_t sub = 0;     // split: 0 train, 1 validation, 2 test

  VARPHASE_HOST_DEVICE std::uint32_t c3() const {
    return (static_cast<std::uint32_t>(stream) << 24U) | (static_cast<std::uint32_t>(layer) << 8U) |
           sub;
  }
  VARPHASE_HOST_DEVICE std::uint32_t k0() const { return static_cast<std::uint32_t>(seed); }
  VARPHASE_HOST_DEVICE std::uint32_t k1() const { return static_cast<std::uint32_t>(seed >> 32U); }
};

/// The Philox block that holds the words of units 4 * quad to 4 * quad + 3.
VARPHASE_HOST_DEVICE PhiloxBlock noise_block(const NoiseKey& key, std::uint32_t example,
                                             std::uint32_t member, std::uint32_t quad) {
  return philox(quad, example, member, key.c3(), key.k0(), key.k1());
}

/// The unit number of a layer's output: channel `ch` of `channels` at position `pos` (a dense layer has one position
/// and its outputs as channels). A block of four units never spans two positions.
VARPHASE_HOST_DEVICE std::uint32_t output_unit(std::uint32_t pos, std::uint32_t ch,
                                               std::uint32_t channels) {
  return 4U * (pos * ((channels + 3U) / 4U) + (ch >> 2U)) + (ch & 3U);
}

/// A uniform number in [0, 1) from a word.
VARPHASE_HOST_DEVICE float uniform_from_word(std::uint32_t word) {
  return static_cast<float>(word >> 8U) * 0x1p-24F;
}

}  // namespace varphase
