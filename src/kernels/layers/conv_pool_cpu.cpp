// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/conv_pool.hpp"

#include <algorithm>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/layers/conv_pool_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"
#include "src/kernels/support/vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

// Images run along the vectors: a weight is one broadcast for kWidth images, and no lane is idle
// whatever the number of channels. A tile is kWidth images.

constexpr int kWindow = 4;  // outputs of a pool's window
// Output channels at once: with the window, as many sums as there are registers for.
constexpr int kTogether = kManyRegisters ? 5 : 2;

/// Weights as [group of kTogether][C * K * K][kTogether], zeros where there is no channel.
std::vector<float> packed_weights(const ConvPool& job) {
  const std::int64_t groups = (job.out_channels + kTogether - 1) / kTogether;
  const std::int64_t taps = job.channels * job.kernel * job.kernel;
  std::vector<float> packed(static_cast<std::size_t>(groups * taps * kTogether), 0.0F);
  for (std::int64_t o = 0; o < job.out_channels; ++o) {
    for (std::int64_t t = 0; t < taps; ++t) {
      packed[static_cast<std::size_t>((o / kTogether * taps + t) * kTogether + o % kTogether)] =
          job.weight[o * taps + t];
    }
  }
  return packed;
}

/// Images n0 .. n0 + count - 1 as [C, H, W, kWidth], zeros for missing ones.
HWY_INLINE void load_tile(const ConvPool& job, std::int64_t n0, std::int64_t count, float* tile) {
  const std::int64_t size = job.channels * job.height * job.width;
  for (std::int64_t i = 0; i < size; i += kWidth) {
    Floats block[kWidth];
    for (std::int64_t n = 0; n < kWidth; ++n) {
      block[n] = n < count ? load_part(job.x + (n0 + n) * size + i, size - i) : zeros();
    }
    transpose(block);
    for (std::int64_t p = 0; p < std::min(kWidth, size - i); ++p)
      store(tile + (i + p) * kWidth, block[p]);
  }
}

/// Sums of one window for kTogether channels.
template <int K>
HWY_INLINE void convolve_window(const ConvPool& job, const float* corner, const float* weights,
                                Floats (&sum)[kTogether][kWindow]) {
  const std::int64_t row = job.width * kWidth, plane = job.height * row;
  for (auto& sums : sum) std::fill(sums, sums + kWindow, zeros());
  for (std::int64_t c = 0; c < job.channels; ++c, corner += plane) {
    for (std::int64_t u = 0; u < K; ++u) {
      const float* at = corner + u * row;
      for (std::int64_t v = 0; v < K; ++v, at += kWidth, weights += kTogether) {
        Floats x[kWindow];
        for (int i = 0; i < kWindow; ++i) x[i] = load(at + i / 2 * row + i % 2 * kWidth);
        for (int o = 0; o < kTogether; ++o) {
          const Floats weight = all(weights[o]);
          for (int i = 0; i < kWindow; ++i) sum[o][i] = hn::MulAdd(x[i], weight, sum[o][i]);
        }
      }
    }
  }
}

/// One channel's outputs of a tile, [windows, kWidth], image by image.
HWY_INLINE void store_channel(const ConvPool& job, const float* pooled, std::int64_t n0,
                              std::int64_t count, std::int64_t o) {
  const std::int64_t windows = job.out_height() * job.out_width();
  for (std::int64_t w = 0; w < windows; w += kWidth) {
    Floats block[kWidth];
    for (std::int64_t i = 0; i < kWidth; ++i)
      block[i] = w + i < windows ? load(pooled + (w + i) * kWidth) : zeros();
    transpose(block);
    for (std::int64_t n = 0; n < count; ++n)
      store_part(job.y + ((n0 + n) * job.out_channels + o) * windows + w, block[n], windows - w);
  }
}

template <Activation kind, int K>
HWY_INLINE void conv_pool_tile(const ConvPool& job, const float* packed, std::int64_t n0,
                               float* tile, float* pooled) {
  const std::int64_t count = std::min(kWidth, job.rows - n0);
  load_tile(job, n0, count, tile);
  const std::int64_t windows = job.out_height() * job.out_width();
  for (std::int64_t first = 0; first < job.out_channels; first += kTogether) {
    const std::int64_t channels = std::min<std::int64_t>(kTogether, job.out_channels - first);
    Floats bias[kTogether];
    for (std::int64_t o = 0; o < kTogether; ++o)
      bias[o] = all(o < channels ? job.bias[first + o] : 0.0F);
    const float* const weights = packed + first * job.channels * K * K;
    float* to = pooled;
    for (std::int64_t y = 0; y < 2 * job.out_height(); y += 2) {
      for (std::int64_t x = 0; x < 2 * job.out_width(); x += 2, to += kWidth) {
        Floats sum[kTogether][kWindow];
        convolve_window<K>(job, tile + (y * job.width + x) * kWidth, weights, sum);
        // All kTogether, so that the sums stay in registers; what is too much is not stored later.
        for (std::int64_t o = 0; o < kTogether; ++o) {
          Floats best = sum[o][0], nan = zeros();
          for (int i = 1; i < kWindow; ++i) {
            best = hn::IfThenElse(sum[o][i] > best, sum[o][i], best);
            keep_nan(nan, sum[o][i]);
          }
          best = with_nan(best, nan) + bias[o];
          store(to + o * windows * kWidth, activate<kind>(best, job.activation, job.beta));
        }
      }
    }
    for (std::int64_t o = 0; o < channels; ++o)
      store_channel(job, pooled + o * windows * kWidth, n0, count, first + o);
  }
}

std::int64_t width_of_tiles() { return kWidth; }

void conv_pool_tiles(const ConvPool& job, const float* packed, std::int64_t begin,
                     std::int64_t end) {
  std::vector<float> tile(static_cast<std::size_t>(job.channels * job.height * job.width * kWidth));
  std::vector<float> pooled(
      static_cast<std::size_t>(kTogether * job.out_height() * job.out_width() * kWidth));
  const auto run = [&]<Activation kind, int K>() HWY_ATTR {
    for (std::int64_t t = begin; t < end; ++t)
      conv_pool_tile<kind, K>(job, packed, t * kWidth, tile.data(), pooled.data());
  };
  const bool relu = job.activation == Activation::relu;
  if (job.kernel == 3 && relu) run.template operator()<Activation::relu, 3>();
  if (job.kernel == 3 && !relu) run.template operator()<Activation::identity, 3>();
  if (job.kernel == 5 && relu) run.template operator()<Activation::relu, 5>();
  if (job.kernel == 5 && !relu) run.template operator()<Activation::identity, 5>();
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

HWY_EXPORT(packed_weights);
HWY_EXPORT(width_of_tiles);
HWY_EXPORT(conv_pool_tiles);

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
  const std::vector<float> packed = HWY_DYNAMIC_DISPATCH(packed_weights)(job);
  const std::int64_t width = HWY_DYNAMIC_DISPATCH(width_of_tiles)();
  const auto tiles = HWY_DYNAMIC_DISPATCH(conv_pool_tiles);
  parallel_for((job.rows + width - 1) / width, 1, [&](std::int64_t begin, std::int64_t end) {
    tiles(job, packed.data(), begin, end);
  });
}

}  // namespace varphase
#endif  // HWY_ONCE
