// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/support/where.hpp"

#include "src/kernels/support/dispatch.hpp"

namespace varphase {
namespace {

ParallelRunner& runner() {
  static ParallelRunner instance = nullptr;
  return instance;
}

}  // namespace

std::int64_t fast_memory(Where where) {
  if (!where.cuda) return 192 << 10;
  VARPHASE_ON_CUDA(return cuda::shared_memory());
}

void set_parallel_runner(ParallelRunner new_runner) { runner() = new_runner; }

void parallel_for(std::int64_t count, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& body) {
  if (count <= 0) return;
  if (runner() != nullptr && count > grain) {
    runner()(count, grain, body);
  } else {
    body(0, count);
  }
}

}  // namespace varphase
