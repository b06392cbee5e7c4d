// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/sample_output.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/layers/sample_output_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"
#include "src/noise/normal_fill.hpp"

// A plain loop, which the compiler turns into vectors of each instruction set. Its products are not
// fused: the result has the same bits everywhere.
HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

void sample_row(const float* m, const float* v, const float* eps, std::int64_t count, float* b,
                float* ratio) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float variance = v[i];
    const float positive = variance > 0 ? variance : 0.0F;
    const float sd = std::sqrt(positive + kVarianceFloor);
    b[i] = (m != nullptr ? m[i] : 0.0F) + eps[i] * sd;
    if (ratio != nullptr) ratio[i] = variance > 0 ? eps[i] / (2.0F * sd) : 0.0F;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

HWY_EXPORT(sample_row);

}  // namespace

void sample_output(const float* m, const float* v, std::int64_t rows, std::int64_t channels,
                   std::int64_t positions, const NoiseKey& key, const NoiseRows& noise, float* b,
                   float* ratio, Where where, bool channels_last) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::sample_output(m, v, rows, channels, positions, key, noise, b, ratio,
                                         channels_last, where.stream));
    return;
  }
  const std::int64_t row_size = channels * positions;
  const std::int64_t padded = (channels + 3) / 4 * 4;
  const auto sample = HWY_DYNAMIC_DISPATCH(sample_row);
  parallel_for(rows, 8, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> units(static_cast<std::size_t>(padded * positions));
    std::vector<float> ordered(positions > 1 ? static_cast<std::size_t>(row_size) : 0);
    for (std::int64_t n = begin; n < end; ++n) {
      fill_normals(key, static_cast<std::uint32_t>(noise.example[n]),
                   static_cast<std::uint32_t>(noise.member[n * noise.member_stride]),
                   padded * positions, units.data());
      for (std::int64_t p = 0; positions > 1 && p < positions; ++p) {
        for (std::int64_t c = 0; c < channels; ++c) {
          const std::int64_t place = channels_last ? p * channels + c : c * positions + p;
          ordered[static_cast<std::size_t>(place)] = units[static_cast<std::size_t>(
              output_unit(static_cast<std::uint32_t>(p), static_cast<std::uint32_t>(c),
                          static_cast<std::uint32_t>(channels)))];
        }
      }
      const std::int64_t at = n * row_size;
      sample(m != nullptr ? m + at : nullptr, v + at, positions > 1 ? ordered.data() : units.data(),
             row_size, b + at, ratio != nullptr ? ratio + at : nullptr);
    }
  });
}

}  // namespace varphase
#endif  // HWY_ONCE
