// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/fold_columns.hpp"

#include <algorithm>

#include "src/kernels/support/dispatch.hpp"

namespace varphase {
namespace {

template <class T>
void fold_row(const FoldColumns<T>& job, const T* columns, T* out) {
  const std::int64_t k = job.conv.kernel;
  std::fill(out, out + job.conv.channels * job.conv.height * job.conv.width, T(0));
  for (std::int64_t p = 0; p < job.conv.out_height; ++p) {
    for (std::int64_t q = 0; q < job.conv.out_width; ++q) {
      const std::int64_t top = p * job.conv.stride - job.conv.padding,
                         left = q * job.conv.stride - job.conv.padding;
      for (std::int64_t c = 0; c < job.conv.channels; ++c) {
        T* plane = out + c * job.conv.height * job.conv.width;
        for (std::int64_t u = 0; u < k; ++u, columns += k) {
          if (top + u < 0 || top + u >= job.conv.height) continue;
          for (std::int64_t v = std::max<std::int64_t>(0, -left);
               v < std::min(k, job.conv.width - left); ++v)
            plane[(top + u) * job.conv.width + left + v] += columns[v];
        }
      }
    }
  }
}

}  // namespace

template <class T>
void fold_columns(const FoldColumns<T>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::fold_columns(job, where.stream));
    return;
  }
  const std::int64_t in = job.conv.out_height * job.conv.out_width * job.conv.channels *
                          job.conv.kernel * job.conv.kernel,
                     out = job.conv.channels * job.conv.height * job.conv.width;
  parallel_for(job.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      fold_row(job, job.columns + r * in, job.out + r * out);
  });
}

template void fold_columns<float>(const FoldColumns<float>&, Where);
template void fold_columns<double>(const FoldColumns<double>&, Where);

}  // namespace varphase
