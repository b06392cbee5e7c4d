// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/support/rank_sum.hpp"

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kThreads = 512;
// Vectors of each rank that a thread has on their way at once: a link's delay is long.
constexpr int kAtOnce = 4;

/// To be called by whole blocks: what any of the block's threads wrote before is seen by the others' after.
__device__ void meet(const RankFlags& flags) {
  __syncthreads();
  const int other = static_cast<int>(threadIdx.x);
  if (other < 32) {
    const unsigned block = blockIdx.x;
    const std::uint32_t meeting = flags.meetings[block] + 1;
    __syncwarp();
    if (other == 0) flags.meetings[block] = meeting;
    if (other < flags.size && other != flags.rank) {
      __threadfence_system();
      asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(
                       flags.of[other] + flags.rank * RankFlags::kBlocks + block),
                   "r"(meeting)
                   : "memory");
      const std::uint32_t* here = flags.of[flags.rank] + other * RankFlags::kBlocks + block;
      std::uint32_t seen = 0;
      do {
        asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(here) : "memory");
      } while (static_cast<std::int32_t>(seen - meeting) < 0);
    }
  }
  __syncthreads();
}

/// @param size  ranks, or 0: as many as the job says
template <class T, int size>
__global__ void __launch_bounds__(kThreads) rank_sum_kernel(RankSum<T> job) {
  using Vector = Pack<T, RankSum<T>::kVector>;
  using Wide = Pack<float, RankSum<T>::kVector>;
  constexpr int at_once = size == 2 ? kAtOnce : 1;
  const int ranks = size == 0 ? job.flags.size : size;
  meet(job.flags);
  const std::int64_t vectors = job.count / RankSum<T>::kVector;
  const std::int64_t begin = job.shared ? vectors * job.flags.rank / ranks : 0;
  const std::int64_t end = job.shared ? vectors * (job.flags.rank + 1) / ranks : vectors;
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * kThreads;
  std::int64_t first = begin + static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  constexpr int most = size == 0 ? RankLines::kMostRanks : size;
  for (; first < end; first += at_once * stride) {
    uint4 read[at_once][most];
#pragma unroll
    for (int i = 0; i < at_once; ++i) {
#pragma unroll
      for (int r = 0; r < most; ++r) {
        if (r < ranks && first + i * stride < end)
          read[i][r] = __ldcg(reinterpret_cast<const uint4*>(job.part[r]) + first + i * stride);
      }
    }
#pragma unroll
    for (int i = 0; i < at_once; ++i) {
      if (first + i * stride >= end) break;
      Wide total = {};
#pragma unroll
      for (int r = 0; r < most; ++r) {
        if (r >= ranks) break;
        const auto& term = reinterpret_cast<const Vector&>(read[i][r]);
#pragma unroll
        for (int v = 0; v < RankSum<T>::kVector; ++v)
          total.at[v] = r == 0 ? widened(term.at[v]) : __fadd_rn(total.at[v], widened(term.at[v]));
      }
#pragma unroll
      for (int r = 0; r < most; ++r) {
        if (r < ranks && (job.shared || r == job.flags.rank))
          reinterpret_cast<Wide*>(job.sum[r])[first + i * stride] = total;
      }
    }
  }
  if (job.shared) meet(job.flags);
}

}  // namespace

template <class T>
void rank_sum(const RankSum<T>& job, void* stream) {
  const auto kernel = job.flags.size == 2   ? rank_sum_kernel<T, 2>
                      : job.flags.size == 4 ? rank_sum_kernel<T, 4>
                                            : rank_sum_kernel<T, 0>;
  kernel<<<RankFlags::kBlocks, kThreads, 0, as_stream(stream)>>>(job);
  check_launch("rank_sum");
}

template void rank_sum(const RankSum<float>&, void*);
template void rank_sum(const RankSum<Bfloat16>&, void*);

}  // namespace varphase::cuda
