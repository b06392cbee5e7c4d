// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/gate_factors.hpp"

#include "src/kernels/support/dispatch.hpp"

namespace varphase {
namespace {

template <class T>
void gate_plane(const T* v, const T* multiplier, const GateFactors<T>& job, T* out) {
  const std::int64_t rows = job.height / job.window, columns = job.width / job.window;
  for (std::int64_t y = 0; y < job.height; ++y) {
    const std::int64_t row = y / job.window;
    T* to = out + y * job.width;
    const T* by = multiplier + y * job.width;
    if (row == rows) {
      for (std::int64_t x = 0; x < job.width; ++x) to[x] = 0;
      continue;
    }
    const T* from = v + row * columns;
    if (job.window == 1) {
      for (std::int64_t x = 0; x < job.width; ++x) to[x] = from[x] * by[x];
      continue;
    }
    std::int64_t x = 0;
    for (std::int64_t column = 0; column < columns; ++column) {
      for (std::int64_t i = 0; i < job.window; ++i, ++x) to[x] = from[column] * by[x];
    }
    for (; x < job.width; ++x) to[x] = 0;
  }
}

}  // namespace

template <class T>
void gate_factors(const GateFactors<T>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::gate_factors(job, where.stream));
    return;
  }
  const std::int64_t plane = job.height * job.width,
                     small = (job.height / job.window) * (job.width / job.window);
  parallel_for(job.images * job.factors, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* multiplier =
          job.multiplier + (job.shared ? 0 : row / job.factors) * job.channels * plane;
      for (std::int64_t c = 0; c < job.channels; ++c) {
        gate_plane(job.v + (row * job.channels + c) * small, multiplier + c * plane, job,
                   job.out + (row * job.channels + c) * plane);
      }
    }
  });
}

template void gate_factors<float>(const GateFactors<float>&, Where);
template void gate_factors<double>(const GateFactors<double>&, Where);

}  // namespace varphase
