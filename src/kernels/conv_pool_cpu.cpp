// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/conv_pool.hpp"

#include <algorithm>
#include <vector>

#include "src/kernels/dispatch.hpp"
#include "src/kernels/lanes.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

constexpr int kWindow = 4;  // outputs of a window
constexpr int kSlots = 2;   // vectors of output channels at once: with the window, 8 accumulators

constexpr std::int64_t kGroup = kSlots * kLanes;

// Weights as [slot group][C][K * K][kSlots * kLanes], zeros where there is no channel.
std::vector<float> packed_weights(const ConvPool& job) {
  const std::int64_t groups = (job.out_channels + kGroup - 1) / kGroup;
  const std::int64_t taps = job.kernel * job.kernel;
  std::vector<float> packed(static_cast<std::size_t>(groups * job.channels * taps * kGroup), 0.0F);
  for (std::int64_t o = 0; o < job.out_channels; ++o) {
    for (std::int64_t t = 0; t < job.channels * taps; ++t) {
      packed[static_cast<std::size_t>((o / kGroup * job.channels * taps + t) * kGroup +
                                      o % kGroup)] = job.weight[o * job.channels * taps + t];
    }
  }
  return packed;
}

template <Activation kind, int K>
VARPHASE_INLINE void conv_pool_image(const ConvPool& job, const float* packed, std::int64_t n) {
  const std::int64_t windows = job.out_height() * job.out_width();
  const std::int64_t plane = job.height * job.width;
  const float* image = job.x + n * job.channels * plane;
  for (std::int64_t first = 0; first < job.out_channels; first += kGroup) {
    const float* weights = packed + first * job.channels * K * K;
    for (std::int64_t w = 0; w < windows; ++w) {
      const float* corner =
          image + 2 * (w / job.out_width()) * job.width + 2 * (w % job.out_width());
      Lanes sum[kWindow][kSlots] = {};
      for (std::int64_t c = 0; c < job.channels; ++c) {
        const float* taps = weights + c * K * K * kGroup;
        const float* patch = corner + c * plane;
        for (std::int64_t u = 0; u < K; ++u) {
          for (std::int64_t v = 0; v < K; ++v) {
            const float* at = patch + u * job.width + v;
            const float inputs[kWindow] = {at[0], at[1], at[job.width], at[job.width + 1]};
            for (int s = 0; s < kSlots; ++s) {
              Lanes weight;
              load(weight, taps + (u * K + v) * kGroup + s * kLanes);
              for (int i = 0; i < kWindow; ++i) sum[i][s] += weight * inputs[i];
            }
          }
        }
      }
      for (int s = 0; s < kSlots; ++s) {
        Lanes best = sum[0][s], nan = {};
        for (int i = 1; i < kWindow; ++i) {
          best = sum[i][s] > best ? sum[i][s] : best;
          keep_nan(nan, sum[i][s]);
        }
        give_nan(best, nan);
        const std::int64_t o = first + s * kLanes;
        const std::int64_t count = std::min<std::int64_t>(kLanes, job.out_channels - o);
        if (count <= 0) break;
        for (std::int64_t i = 0; i < count; ++i) best[i] += job.bias[o + i];
        activate<kind>(best, job.activation, job.beta);
        float* to = job.y + (n * job.out_channels + o) * windows + w;
        for (std::int64_t i = 0; i < count; ++i) to[i * windows] = best[i];
      }
    }
  }
}

#define VARPHASE_CONV(name, kind, K)                                                         \
  VARPHASE_SIMD_CLONES void name(const ConvPool& job, const float* packed, std::int64_t n) { \
    conv_pool_image<kind, K>(job, packed, n);                                                \
  }
VARPHASE_CONV(relu_3, Activation::relu, 3)
VARPHASE_CONV(other_3, Activation::identity, 3)
VARPHASE_CONV(relu_5, Activation::relu, 5)
VARPHASE_CONV(other_5, Activation::identity, 5)

}  // namespace

bool conv_pool_fits(std::int64_t channels, std::int64_t height, std::int64_t width,
                    std::int64_t out_channels, std::int64_t kernel, std::int64_t fast_bytes) {
  if (kernel != 3 && kernel != 5) return false;
  if (height <= kernel || width <= kernel) return false;
  const std::int64_t padded = (out_channels + 7) / 8 * 12;
  const std::int64_t floats = channels * kernel * kernel * padded + 2 * channels * height * width;
  return floats * static_cast<std::int64_t>(sizeof(float)) <= fast_bytes;
}

void conv_pool(const ConvPool& job, Where where) {
  VARPHASE_CHECK(
      conv_pool_fits(job.channels, job.height, job.width, job.out_channels, job.kernel,
                     fast_memory(where)),
      ErrorKind::unsupported,
      "conv_pool: {} x {} x {} images, {} channels out and a kernel of {} do not fit the kernel",
      job.channels, job.height, job.width, job.out_channels, job.kernel);
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::conv_pool(job, where.stream));
    return;
  }
  const std::vector<float> packed = packed_weights(job);
  const bool relu = job.activation == Activation::relu;
  const auto image = job.kernel == 3 ? (relu ? relu_3 : other_3) : (relu ? relu_5 : other_5);
  parallel_for(job.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) image(job, packed.data(), n);
  });
}

}  // namespace varphase
