// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/multiply_noise.hpp"

#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

// One thread a Philox block: four channels of one position of one row, in one piece of memory where
// `whole` says so.
template <class T, bool whole>
__global__ void multiply_noise_kernel(MultiplyNoise<T> job) {
  const std::int64_t quads = (job.channels + 3) / 4;
  const std::int64_t id = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (id >= job.rows * quads * job.positions) return;
  const std::int64_t n = id / (quads * job.positions);
  const std::int64_t quad = id % (quads * job.positions);  // = position * quads + channel / 4
  float factors[4];
  noise_factors(
      job.factor,
      noise_block(job.key, static_cast<std::uint32_t>(job.noise.example[n]),
                  static_cast<std::uint32_t>(job.noise.member[n * job.noise.member_stride]),
                  static_cast<std::uint32_t>(quad)),
      factors);
  if (whole) {
    using Quad = Pack<T, 4>;
    const Quad x = reinterpret_cast<const Quad*>(job.x)[id];
    Quad y;
#pragma unroll
    for (int i = 0; i < 4; ++i) y.at[i] = narrowed<T>(__fmul_rn(widened(x.at[i]), factors[i]));
    reinterpret_cast<Quad*>(job.y)[id] = y;
    return;
  }
  const std::int64_t position = quad / quads;
  const std::int64_t channel = 4 * (quad % quads);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (channel + i >= job.channels) break;
    const std::int64_t at = job.channels_last
                                ? (n * job.positions + position) * job.channels + channel + i
                                : (n * job.channels + channel + i) * job.positions + position;
    job.y[at] = narrowed<T>(__fmul_rn(widened(job.x[at]), factors[i]));
  }
}

}  // namespace

template <class T>
void multiply_noise(const MultiplyNoise<T>& job, void* stream) {
  const std::int64_t count = job.rows * job.positions * ((job.channels + 3) / 4);
  if (count == 0) return;
  constexpr int threads = 128;
  const bool whole = job.channels % 4 == 0 && (job.channels_last || job.positions == 1) &&
                     is_aligned<Pack<T, 4>>(job.x) && is_aligned<Pack<T, 4>>(job.y);
  const auto kernel = whole ? multiply_noise_kernel<T, true> : multiply_noise_kernel<T, false>;
  kernel<<<blocks_for(count, threads), threads, 0, as_stream(stream)>>>(job);
  check_launch("multiply_noise");
}

template void multiply_noise(const MultiplyNoise<float>&, void*);
template void multiply_noise(const MultiplyNoise<Bfloat16>&, void*);

}  // namespace varphase::cuda
