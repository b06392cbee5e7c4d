// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/pooled_pull.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/curvature/pooled_pull_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"

// Plain loops, which the compiler turns into vectors of each instruction set.
HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

template <class T>
HWY_INLINE void pull_image(const PooledPull<T>& job, std::int64_t n) {
  const std::int64_t k = job.conv.kernel, units = job.cells * job.outputs,
                     row = job.conv.channels * job.factors;
  T* out = job.out + n * job.conv.height * job.conv.width * row;
  std::fill(out, out + job.conv.height * job.conv.width * row, T(0));
  for (std::int64_t u = 0; u < units; ++u) {
    const std::int64_t position = job.position[n * units + u];
    if (position < 0) continue;
    const T* v = job.v + (n * units + u) * job.factors;
    const T multiplier = job.multiplier[n * units + u];
    const std::int64_t top = position / job.conv.out_width * job.conv.stride - job.conv.padding,
                       left = position % job.conv.out_width * job.conv.stride - job.conv.padding;
    for (std::int64_t dy = std::max<std::int64_t>(0, -top); dy < std::min(k, job.conv.height - top);
         ++dy) {
      for (std::int64_t dx = std::max<std::int64_t>(0, -left);
           dx < std::min(k, job.conv.width - left); ++dx) {
        const T* weight = job.weight + (u % job.outputs * k * k + dy * k + dx) * job.conv.channels;
        T* to = out + ((top + dy) * job.conv.width + left + dx) * row;
        for (std::int64_t c = 0; c < job.conv.channels; ++c) {
          const T by = weight[c] * multiplier;
          for (std::int64_t f = 0; f < job.factors; ++f) to[c * job.factors + f] += by * v[f];
        }
      }
    }
  }
}

VARPHASE_FLOAT_AND_DOUBLE(pull_image, PooledPull)

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

VARPHASE_CALL_FLOAT_AND_DOUBLE(pull_image, PooledPull)

}  // namespace

template <class T>
void sort_winners([[maybe_unused]] const PooledPull<T>& job, Where where) {
  if (where.cuda) VARPHASE_ON_CUDA(cuda::sort_winners(job, where.stream));
}

template <class T>
void pooled_pull(const PooledPull<T>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::pooled_pull(job, where.stream));
    return;
  }
  parallel_for(job.images, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) call_pull_image(job, n);
  });
}

template void sort_winners<float>(const PooledPull<float>&, Where);
template void sort_winners<double>(const PooledPull<double>&, Where);
template void pooled_pull<float>(const PooledPull<float>&, Where);
template void pooled_pull<double>(const PooledPull<double>&, Where);

}  // namespace varphase
#endif  // HWY_ONCE
