// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/gather_images.hpp"

#include "src/kernels/launch.cuh"

namespace varphase::cuda {
namespace {

__global__ void gather_images_kernel(GatherImages job) {
  const std::int64_t id = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const std::int64_t n = id / job.size;
  if (n >= job.batch) return;
  const std::int64_t i = id - n * job.size;
  const std::int64_t row = job.order[(job.step != nullptr ? *job.step * job.batch : 0) + n];
  job.out[id] = __fmul_rn(static_cast<float>(job.pixels[row * job.size + i]), 1.0F / 255.0F);
  if (i == 0) {
    job.labels_out[n] = job.labels[row];
    job.examples_out[n] = job.example[row];
  }
}

}  // namespace

void gather_images(const GatherImages& job, void* stream) {
  if (job.batch == 0) return;
  constexpr int threads = 256;
  gather_images_kernel<<<blocks_for(job.batch * job.size, threads), threads, 0,
                         as_stream(stream)>>>(job);
  check_launch("gather_images");
}

}  // namespace varphase::cuda
