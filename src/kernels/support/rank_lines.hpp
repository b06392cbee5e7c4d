// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace varphase {

/// Memory by which running kernels of several GPUs of one machine add numbers up, without ending in between: each GPU
/// writes its numbers into the memory of the others and waits for theirs (src/kernels/support/rank_lines.cuh).
///
/// A GPU's memory has two slots, used in turn, of `places` for each rank, of kValues lines each. A line of 16 bytes is a
/// double in two halves, each beside the number of the call that wrote it, so that a reader knows that it is whole. Two
/// slots are enough: who is at call k + 2 has read all of call k + 1, whose writers were done with call k.
struct RankLines {
  static constexpr int kMostRanks = 8;  // GPUs of one machine
  static constexpr int kValues = 3;     // added up at a place by one call
  static constexpr std::int64_t kLineBytes = 16;
  static constexpr std::int64_t kMostPlaces = 4096;  // channels of a batch norm

  int rank = 0, size = 1;
  std::int64_t places = 0;
  void* inbox[kMostRanks] = {};    // of every rank, as this process sees it; zeros at first
  std::uint32_t* calls = nullptr;  // [places] of this rank, zeros at first

  static std::int64_t inbox_bytes(std::int64_t ranks, std::int64_t places) {
    return 2 * ranks * places * kValues * kLineBytes;
  }
  /// Of a rank: its inbox, and behind it its calls.
  static std::int64_t bytes(std::int64_t ranks, std::int64_t places) {
    return inbox_bytes(ranks, places) + places * static_cast<std::int64_t>(sizeof(std::uint32_t));
  }
};

}  // namespace varphase
