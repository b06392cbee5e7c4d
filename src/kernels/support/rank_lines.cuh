// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/kernels/support/rank_lines.hpp"

namespace varphase::cuda {

static_assert(sizeof(uint4) == RankLines::kLineBytes);
static_assert(RankLines::kValues == 3 && RankLines::kMostRanks * RankLines::kValues <= 32);

__device__ inline uint4* line_of(const RankLines& ranks, int owner, int writer, int place,
                                 std::uint32_t call) {
  const std::int64_t slot = call & 1U;
  return static_cast<uint4*>(ranks.inbox[owner]) +
         ((slot * ranks.size + writer) * ranks.places + place) * RankLines::kValues;
}

__device__ inline void send_line(uint4* line, double value, std::uint32_t call) {
  const auto bits = static_cast<unsigned long long>(__double_as_longlong(value));
  asm volatile("st.volatile.global.v4.u32 [%0], {%1, %2, %3, %2};" ::"l"(line),
               "r"(static_cast<std::uint32_t>(bits)), "r"(call),
               "r"(static_cast<std::uint32_t>(bits >> 32))
               : "memory");
}

__device__ inline double await_line(const uint4* line, std::uint32_t call) {
  std::uint32_t low = 0, low_call = 0, high = 0, high_call = 0;
  do {
    asm volatile("ld.volatile.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(low), "=r"(low_call), "=r"(high), "=r"(high_call)
                 : "l"(line)
                 : "memory");
  } while (low_call != call || high_call != call);
  return __longlong_as_double(
      static_cast<long long>(static_cast<unsigned long long>(high) << 32 | low));
}

/// The number of the next call for a place: read early, its delay is hidden.
__device__ inline std::uint32_t next_call(const RankLines& ranks, int place) {
  return ranks.calls[place] + 1;
}

/// Adds up the values of all ranks, in the ranks' order, so that all get the same bits. To be called by a whole warp with
/// the same values, for the same places by all ranks, as often by each.
/// @param call  what next_call gave since the last call
__device__ inline void sum_over_ranks(const RankLines& ranks, int place, std::uint32_t call,
                                      double (&values)[RankLines::kValues]) {
  constexpr unsigned kAll = 0xffffffffU;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  __syncwarp();
  if (lane == 0) ranks.calls[place] = call;
  // A thread for each rank's each value.
  const int other = lane / RankLines::kValues, i = lane % RankLines::kValues;
  double value = i == 0 ? values[0] : i == 1 ? values[1] : values[2];
  if (other < ranks.size && other != ranks.rank) {
    send_line(line_of(ranks, other, ranks.rank, place, call) + i, value, call);
    value = await_line(line_of(ranks, ranks.rank, other, place, call) + i, call);
  }
  for (int v = 0; v < RankLines::kValues; ++v) {
    double total = 0;
    for (int r = 0; r < ranks.size; ++r)
      total += __shfl_sync(kAll, value, r * RankLines::kValues + v);
    values[v] = total;
  }
}

}  // namespace varphase::cuda
