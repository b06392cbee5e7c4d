// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/gather_images.hpp"

#include "src/kernels/dispatch.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

VARPHASE_SIMD_CLONES void bytes_to_unit(const std::uint8_t* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * (1.0F / 255.0F);
}

}  // namespace

void gather_images(const GatherImages& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::gather_images(job, where.stream));
    return;
  }
  const std::int64_t first = job.step != nullptr ? *job.step * job.batch : 0;
  parallel_for(job.batch, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      const std::int64_t row = job.order[first + n];
      bytes_to_unit(job.pixels + row * job.size, job.size, job.out + n * job.size);
      job.labels_out[n] = job.labels[row];
      job.examples_out[n] = job.example[row];
    }
  });
}

}  // namespace varphase
