// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/fold_columns.hpp"

#include <algorithm>

#include "src/kernels/dispatch.hpp"

namespace varphase {
namespace {

template <class T>
void fold_row(const FoldColumns<T>& job, const T* columns, T* out) {
  const std::int64_t k = job.kernel;
  std::fill(out, out + job.channels * job.height * job.width, T(0));
  for (std::int64_t p = 0; p < job.out_height; ++p) {
    for (std::int64_t q = 0; q < job.out_width; ++q) {
      const std::int64_t top = p * job.stride - job.padding, left = q * job.stride - job.padding;
      for (std::int64_t c = 0; c < job.channels; ++c) {
        T* plane = out + c * job.height * job.width;
        for (std::int64_t u = 0; u < k; ++u, columns += k) {
          if (top + u < 0 || top + u >= job.height) continue;
          for (std::int64_t v = std::max<std::int64_t>(0, -left); v < std::min(k, job.width - left);
               ++v)
            plane[(top + u) * job.width + left + v] += columns[v];
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
  const std::int64_t in = job.out_height * job.out_width * job.channels * job.kernel * job.kernel,
                     out = job.channels * job.height * job.width;
  parallel_for(job.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r)
      fold_row(job, job.columns + r * in, job.out + r * out);
  });
}

template void fold_columns<float>(const FoldColumns<float>&, Where);
template void fold_columns<double>(const FoldColumns<double>&, Where);

}  // namespace varphase
