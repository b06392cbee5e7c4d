// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/gate_factors.hpp"

#include <algorithm>

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

// One thread a unit of one image, for some of its factors: the multiplier and the place in the
// pooled image are found once.
template <class T>
__global__ void gate_factors_kernel(GateFactors<T> job, int each) {
  const int units = static_cast<int>(job.channels * job.height * job.width);
  const int unit = blockIdx.x * blockDim.x + threadIdx.x;
  if (unit >= units) return;
  const int width = static_cast<int>(job.width), height = static_cast<int>(job.height),
            window = static_cast<int>(job.window);
  const int rows = height / window, columns = width / window;
  const int plane = width * height;
  const int c = unit / plane, inside = unit % plane;
  const int y = inside / width / window, x = inside % width / window;
  const bool dropped = y >= rows || x >= columns;
  const int from = (c * rows + y) * columns + x;
  const std::int64_t pooled = job.channels * rows * columns;
  const std::int64_t n = blockIdx.z;
  const T by = dropped ? T(0) : job.multiplier[(job.shared ? 0 : n * units) + unit];
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.y) * each;
  const std::int64_t last = first + each < job.factors ? first + each : job.factors;
  for (std::int64_t f = first; f < last; ++f) {
    const std::int64_t row = n * job.factors + f;
    job.out[row * units + unit] = dropped ? T(0) : job.v[row * pooled + from] * by;
  }
}

}  // namespace

template <class T>
void gate_factors(const GateFactors<T>& job, void* stream) {
  constexpr int threads = 256;
  constexpr std::int64_t each = 16, most = 65535;
  const std::int64_t units = job.channels * job.height * job.width;
  if (units == 0 || job.factors == 0) return;
  for (std::int64_t first = 0; first < job.images; first += most) {
    GateFactors<T> part = job;
    const std::int64_t pooled = job.channels * (job.height / job.window) * (job.width / job.window);
    part.images = std::min(most, job.images - first);
    part.v += first * job.factors * pooled;
    part.out += first * job.factors * units;
    if (!job.shared) part.multiplier += first * units;
    const dim3 grid(blocks_for(units, threads), blocks_for(job.factors, each),
                    static_cast<unsigned>(part.images));
    gate_factors_kernel<<<grid, threads, 0, as_stream(stream)>>>(part, static_cast<int>(each));
    check_launch("gate_factors");
  }
}

template void gate_factors<float>(const GateFactors<float>&, void*);
template void gate_factors<double>(const GateFactors<double>&, void*);

}  // namespace varphase::cuda
