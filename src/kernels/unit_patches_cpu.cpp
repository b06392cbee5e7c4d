// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/unit_patches.hpp"

#include <algorithm>

#include "src/kernels/dispatch.hpp"

namespace varphase {

template <class T>
void unit_patches(const UnitPatches<T>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::unit_patches(job, where.stream));
    return;
  }
  const std::int64_t size = job.channels * job.height * job.width,
                     positions = job.out_height * job.out_width, k = job.kernel;
  parallel_for(job.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      T* out = job.out + r * size;
      std::fill(out, out + size, T(0));
      const std::int64_t o = job.unit[r] / positions, position = job.unit[r] % positions;
      const std::int64_t top = position / job.out_width * job.stride - job.padding,
                         left = position % job.out_width * job.stride - job.padding;
      for (std::int64_t c = 0; c < job.channels; ++c) {
        for (std::int64_t u = std::max<std::int64_t>(0, -top); u < std::min(k, job.height - top);
             ++u) {
          for (std::int64_t v = std::max<std::int64_t>(0, -left); v < std::min(k, job.width - left);
               ++v) {
            out[(c * job.height + top + u) * job.width + left + v] =
                job.weight[((o * job.channels + c) * k + u) * k + v] * job.scale[r];
          }
        }
      }
    }
  });
}

template void unit_patches<float>(const UnitPatches<float>&, Where);
template void unit_patches<double>(const UnitPatches<double>&, Where);

}  // namespace varphase
