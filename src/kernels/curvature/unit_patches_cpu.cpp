// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/unit_patches.hpp"

#include <algorithm>

#include "src/kernels/support/dispatch.hpp"

namespace varphase {

template <class T>
void unit_patches(const UnitPatches<T>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::unit_patches(job, where.stream));
    return;
  }
  const std::int64_t size = job.conv.channels * job.conv.height * job.conv.width,
                     positions = job.conv.out_height * job.conv.out_width, k = job.conv.kernel;
  parallel_for(job.rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      T* out = job.out + r * size;
      std::fill(out, out + size, T(0));
      const std::int64_t o = job.unit[r] / positions, position = job.unit[r] % positions;
      const std::int64_t top = position / job.conv.out_width * job.conv.stride - job.conv.padding,
                         left = position % job.conv.out_width * job.conv.stride - job.conv.padding;
      for (std::int64_t c = 0; c < job.conv.channels; ++c) {
        for (std::int64_t u = std::max<std::int64_t>(0, -top);
             u < std::min(k, job.conv.height - top); ++u) {
          for (std::int64_t v = std::max<std::int64_t>(0, -left);
               v < std::min(k, job.conv.width - left); ++v) {
            out[(c * job.conv.height + top + u) * job.conv.width + left + v] =
                job.weight[((o * job.conv.channels + c) * k + u) * k + v] * job.scale[r];
          }
        }
      }
    }
  });
}

template void unit_patches<float>(const UnitPatches<float>&, Where);
template void unit_patches<double>(const UnitPatches<double>&, Where);

}  // namespace varphase
