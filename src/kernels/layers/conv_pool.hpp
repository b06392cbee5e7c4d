// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/layers/activation.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// A convolution (stride 1, no padding), a monotone activation and 2 x 2 max pooling in one pass, which keeps nothing
/// in between:
///
///     y = phi(max over the window of conv(x, weight) + bias)
///
/// Batch norm in eval mode is folded into weight and bias. IEEE float32.
struct ConvPool {
  const float* x = nullptr;       // [N, C, H, W]
  const float* weight = nullptr;  // [O, C, K, K]
  const float* bias = nullptr;    // [O]
  std::int64_t rows = 0, channels = 0, height = 0, width = 0;
  std::int64_t out_channels = 0;
  std::int64_t kernel = 0;  // 3 or 5
  Activation activation = Activation::relu;
  float beta = 1;
  float* y = nullptr;  // [N, O, (H - K + 1) / 2, (W - K + 1) / 2] overwritten

  std::int64_t out_height() const { return (height - kernel + 1) / 2; }
  std::int64_t out_width() const { return (width - kernel + 1) / 2; }
};

/// Whether the kernel takes those sizes: the weights and two images must fit into fast memory of `fast_bytes`.
bool conv_pool_fits(std::int64_t channels, std::int64_t height, std::int64_t width,
                    std::int64_t out_channels, std::int64_t kernel, std::int64_t fast_bytes);

void conv_pool(const ConvPool& job, Where where);

namespace cuda {
void conv_pool(const ConvPool& job, void* stream);
}

}  // namespace varphase
