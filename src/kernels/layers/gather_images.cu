// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/gather_images.hpp"

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kThreads = 256;

__device__ float unit(std::uint8_t pixel) {
  return __fmul_rn(static_cast<float>(pixel), kPixelUnit);
}

__global__ void gather_images_kernel(GatherImages job) {
  const std::int64_t id = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const std::int64_t n = id / job.size;
  if (n >= job.batch) return;
  const std::int64_t i = id - n * job.size;
  const std::int64_t row = job.order[(job.step != nullptr ? *job.step * job.batch : 0) + n];
  job.out[id] = unit(job.pixels[row * job.size + i]);
  if (i == 0) {
    job.labels_out[n] = job.labels[row];
    job.examples_out[n] = job.example[row];
  }
}

/// A block an image, so that its draw is made once a thread and not once a pixel.
__global__ void gather_changed_images_kernel(GatherImages job) {
  const std::int64_t n = blockIdx.x;
  const std::int64_t row = job.order[(job.step != nullptr ? *job.step * job.batch : 0) + n];
  const std::uint8_t* pixels = job.pixels + row * job.size;
  float* out = job.out + n * job.size;
  const CropFlipDraw draw = job.crop_flip.on ? draw_crop_flip(job.crop_flip, job.example[row])
                                             : CropFlipDraw{0, 0, false};
  const int plane = job.height * job.width;  // images are at most 2^26 pixels large
  for (std::int64_t i = threadIdx.x; i < job.size; i += kThreads) {
    const int c = static_cast<int>(i / plane);
    const int in_plane = static_cast<int>(i - static_cast<std::int64_t>(c) * plane);
    const int y = in_plane / job.width;
    const int x = in_plane - y * job.width;
    const int from_y = y + draw.dy;
    const int from_x = (draw.flip ? job.width - 1 - x : x) + draw.dx;
    const bool inside = from_y >= 0 && from_y < job.height && from_x >= 0 && from_x < job.width;
    float value = 0.0F;
    if (inside) {
      value = unit(pixels[static_cast<std::int64_t>(c) * plane + from_y * job.width + from_x]);
    }
    if (job.mean != nullptr) value = __fmul_rn(__fsub_rn(value, job.mean[c]), job.inverse_std[c]);
    out[i] = value;
  }
  if (threadIdx.x == 0) {
    job.labels_out[n] = job.labels[row];
    job.examples_out[n] = job.example[row];
  }
}

}  // namespace

void gather_images(const GatherImages& job, void* stream) {
  if (job.batch == 0) return;
  if (job.mean != nullptr || job.crop_flip.on) {
    gather_changed_images_kernel<<<static_cast<unsigned>(job.batch), kThreads, 0,
                                   as_stream(stream)>>>(job);
  } else {
    gather_images_kernel<<<blocks_for(job.batch * job.size, kThreads), kThreads, 0,
                           as_stream(stream)>>>(job);
  }
  check_launch("gather_images");
}

}  // namespace varphase::cuda
