// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/bfloat16.hpp"
#include "src/kernels/support/rank_lines.hpp"

namespace varphase {

/// How running kernels of several GPUs of one machine wait for each other: each block counts its meetings, writes the
/// number into the memory of the other GPUs and waits until the blocks of the same number there have come as far.
struct RankFlags {
  static constexpr int kBlocks = 20;

  int rank = 0, size = 1;
  std::uint32_t* of[RankLines::kMostRanks] =
      {};                             // [size, kBlocks] of every GPU, by who writes; zeros at first
  std::uint32_t* meetings = nullptr;  // [kBlocks] of this GPU alone; zeros at first
};

/// The sum of what several GPUs of one machine have, which read each other's memory: as many calls, of the same lengths,
/// by each. Terms are added in the ranks' order, so all get the same bits.
template <class T>
struct RankSum {
  static constexpr std::int64_t kVector = 16 / sizeof(T);  // `count` is a multiple of it

  RankFlags flags;
  const T* part[RankLines::kMostRanks] =
      {};  // [count] of every GPU, aligned to 16 bytes as all of these
  float* sum[RankLines::kMostRanks] = {};  // [count] of every GPU
  std::int64_t count = 0;
  /// Each GPU adds up a share and writes it to all, which sends 2 (size - 1) / size of the list; else it adds up all, for
  /// itself, which sends size - 1 of it and waits once less.
  bool shared = true;
};

namespace cuda {

/// What earlier kernels of the stream wrote to this GPU's part is what is added. The part may be written again, and what
/// others wrote to its sum is no longer awaited, once all have made a later call.
template <class T>
void rank_sum(const RankSum<T>& job, void* stream);
extern template void rank_sum(const RankSum<float>&, void*);
extern template void rank_sum(const RankSum<Bfloat16>&, void*);

}  // namespace cuda

}  // namespace varphase
