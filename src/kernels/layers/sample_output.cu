// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/sample_output.hpp"

#include "src/kernels/support/launch.cuh"
#include "src/noise/normal.hpp"

namespace varphase::cuda {
namespace {

// One thread a Philox block: four channels of one position of one row.
__global__ void sample_output_kernel(const float* m, const float* v, std::int64_t rows,
                                     std::int64_t channels, std::int64_t positions, NoiseKey key,
                                     NoiseRows noise, float* b, float* ratio, bool channels_last) {
  const std::int64_t quads = (channels + 3) / 4;
  const std::int64_t id = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (id >= rows * quads * positions) return;
  const std::int64_t n = id / (quads * positions);
  const std::int64_t quad = id % (quads * positions);  // = position * quads + channel / 4
  const std::int64_t position = quad / quads;
  const std::int64_t channel = 4 * (quad % quads);
  const PhiloxBlock block =
      noise_block(key, static_cast<std::uint32_t>(noise.example[n]),
                  static_cast<std::uint32_t>(noise.member[n * noise.member_stride]),
                  static_cast<std::uint32_t>(quad));
  const NormalPair first = normal_pair(block.x0, block.x1);
  const NormalPair second = normal_pair(block.x2, block.x3);
  const float eps[4] = {first.even, first.odd, second.even, second.odd};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (channel + i >= channels) break;
    const std::int64_t at = channels_last ? (n * positions + position) * channels + channel + i
                                          : (n * channels + channel + i) * positions + position;
    const float variance = v[at];
    const float sd = __fsqrt_rn(fmaxf(variance, 0.0F) + kVarianceFloor);
    b[at] = __fadd_rn(m != nullptr ? m[at] : 0.0F, __fmul_rn(eps[i], sd));
    if (ratio != nullptr) ratio[at] = variance > 0 ? eps[i] / (2.0F * sd) : 0.0F;
  }
}

}  // namespace

void sample_output(const float* m, const float* v, std::int64_t rows, std::int64_t channels,
                   std::int64_t positions, const NoiseKey& key, const NoiseRows& noise, float* b,
                   float* ratio, bool channels_last, void* stream) {
  const std::int64_t count = rows * positions * ((channels + 3) / 4);
  if (count == 0) return;
  constexpr int threads = 128;
  sample_output_kernel<<<blocks_for(count, threads), threads, 0, as_stream(stream)>>>(
      m, v, rows, channels, positions, key, noise, b, ratio, channels_last);
  check_launch("sample_output");
}

}  // namespace varphase::cuda
