// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

namespace varphase {

/// Where a kernel runs: on the CPU, or on a CUDA stream (a cudaStream_t) of the current device.
struct Where {
  bool cuda = false;
  void* stream = nullptr;
};

/// Bytes of fast memory that one block of a kernel may use: a GPU's shared memory, or a share of a core's cache.
std::int64_t fast_memory(Where where);

/// Calls body(begin, end) for pieces of [0, count) of at least `grain`, in parallel where a runner was set. The pieces
/// may be cut in any way: bodies write to disjoint places, so the cut never changes a result.
void parallel_for(std::int64_t count, std::int64_t grain,
                  const std::function<void(std::int64_t begin, std::int64_t end)>& body);

using ParallelRunner = void (*)(std::int64_t count, std::int64_t grain,
                                const std::function<void(std::int64_t, std::int64_t)>& body);

/// Lends the kernels a thread pool of the layers above, so that a program has a single one.
void set_parallel_runner(ParallelRunner runner);

namespace cuda {
std::int64_t shared_memory();
}

}  // namespace varphase
