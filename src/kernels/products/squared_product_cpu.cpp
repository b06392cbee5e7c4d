// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/products/squared_product.hpp"

#include <algorithm>

#include "src/kernels/support/dispatch.hpp"

namespace varphase {

bool squared_product_fits(std::int64_t k) { return k % 4 == 0; }

std::int64_t squared_product_parts(const SquaredProduct& job) {
  // Enough blocks of 64 x 128 outputs for about four waves of a large GPU.
  constexpr std::int64_t kBlocks = 1056;
  const std::int64_t tiles = ((job.m + 63) / 64) * ((job.n + 127) / 128);
  return std::clamp<std::int64_t>(kBlocks / std::max<std::int64_t>(tiles, 1), 1,
                                  std::max<std::int64_t>(job.items, 1));
}

void squared_product(const SquaredProduct& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::squared_product(job, squared_product_parts(job), where.stream));
    return;
  }
  parallel_for(job.m, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t m = begin; m < end; ++m) {
      for (std::int64_t i = 0; i < job.items; ++i) {
        const float* a = job.a + (i * job.m + m) * job.k;
        const float* b = job.b + i / job.repeat * job.n * job.k;
        const float sign = job.sign != nullptr ? job.sign[i] : 1;
        for (std::int64_t n = 0; n < job.n; ++n) {
          float product = 0;
          for (std::int64_t k = 0; k < job.k; ++k) product += a[k] * b[n * job.k + k];
          job.sum[m * job.n + n] += sign * product * product;
        }
      }
    }
  });
}

}  // namespace varphase
