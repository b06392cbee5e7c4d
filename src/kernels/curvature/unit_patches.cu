// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/unit_patches.hpp"

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

// One block a row, so that the row's patch is found once.
template <class T>
__global__ void unit_patches_kernel(UnitPatches<T> job) {
  const std::int64_t r = blockIdx.x;
  const int positions = static_cast<int>(job.conv.out_height * job.conv.out_width),
            width = static_cast<int>(job.conv.width),
            plane = static_cast<int>(job.conv.height) * width,
            size = static_cast<int>(job.conv.channels) * plane,
            k = static_cast<int>(job.conv.kernel);
  const std::int64_t unit = job.unit[r];
  const int o = static_cast<int>(unit / positions), position = static_cast<int>(unit % positions);
  const int top =
      position / static_cast<int>(job.conv.out_width) * static_cast<int>(job.conv.stride) -
      static_cast<int>(job.conv.padding);
  const int left =
      position % static_cast<int>(job.conv.out_width) * static_cast<int>(job.conv.stride) -
      static_cast<int>(job.conv.padding);
  const T scale = job.scale[r];
  const T* weight = job.weight + static_cast<std::int64_t>(o) * job.conv.channels * k * k;
  T* out = job.out + r * size;
  for (int i = threadIdx.x; i < size; i += blockDim.x) {
    const int c = i / plane, y = i % plane / width, x = i % width;
    const int u = y - top, v = x - left;
    const bool inside = u >= 0 && u < k && v >= 0 && v < k;
    out[i] = inside ? weight[(c * k + u) * k + v] * scale : T(0);
  }
}

}  // namespace

template <class T>
void unit_patches(const UnitPatches<T>& job, void* stream) {
  if (job.rows == 0) return;
  unit_patches_kernel<<<static_cast<unsigned>(job.rows), 256, 0, as_stream(stream)>>>(job);
  check_launch("unit_patches");
}

template void unit_patches<float>(const UnitPatches<float>&, void*);
template void unit_patches<double>(const UnitPatches<double>&, void*);

}  // namespace varphase::cuda
