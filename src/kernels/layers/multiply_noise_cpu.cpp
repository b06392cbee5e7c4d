// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/multiply_noise.hpp"

#include <algorithm>
#include <cmath>

#include "src/kernels/support/dispatch.hpp"

namespace varphase {

NoiseFactor dropout_factor(double keep) {
  return {false, static_cast<float>(1 / keep), static_cast<std::uint64_t>(keep * 0x1p32)};
}

NoiseFactor gaussian_dropout_factor(double alpha) {
  return {true, static_cast<float>(std::sqrt(alpha)), 0};
}

template <>
void multiply_noise(const MultiplyNoise<float>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::multiply_noise(job, where.stream));
    return;
  }
  const std::int64_t quads = (job.channels + 3) / 4;
  const std::int64_t channel_step = job.channels_last ? 1 : job.positions;
  const std::int64_t position_step = job.channels_last ? job.channels : 1;
  parallel_for(job.rows, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      const auto example = static_cast<std::uint32_t>(job.noise.example[n]);
      const auto member = static_cast<std::uint32_t>(job.noise.member[n * job.noise.member_stride]);
      for (std::int64_t quad = 0; quad < quads * job.positions; ++quad) {
        float factors[4];
        noise_factors(job.factor,
                      noise_block(job.key, example, member, static_cast<std::uint32_t>(quad)),
                      factors);
        const std::int64_t position = quad / quads;
        const std::int64_t channel = 4 * (quad % quads);
        const std::int64_t first = n * job.channels * job.positions + position * position_step;
        for (std::int64_t i = 0; i < std::min<std::int64_t>(4, job.channels - channel); ++i) {
          const std::int64_t at = first + (channel + i) * channel_step;
          job.y[at] = job.x[at] * factors[i];
        }
      }
    }
  });
}

template <>
void multiply_noise([[maybe_unused]] const MultiplyNoise<Bfloat16>& job, Where where) {
  VARPHASE_CHECK(where.cuda, ErrorKind::unsupported, "multiply_noise: bfloat16 is for a GPU");
  VARPHASE_ON_CUDA(cuda::multiply_noise(job, where.stream));
}

}  // namespace varphase
