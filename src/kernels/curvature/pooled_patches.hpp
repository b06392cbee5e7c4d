// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "src/kernels/support/where.hpp"

namespace varphase {

/// Factors above a max pool and the patches of the convolution below it. A cell of the pool has one
/// winner among the convolution's output units and thereby one patch of its input, given by the
/// place of the patch's first corner; what counts is that patch times the multiplier on the way
/// from the cell to the winner.
template <class T>
struct PooledPatches {
  const T* v = nullptr;                  // [N, cells, O, F]
  const T* sign = nullptr;               // [N, F]; null: all +1
  const std::int32_t* corner = nullptr;  // [N, cells, O], flat in [Hp, Wp]; -1: nothing passes
  const T* multiplier = nullptr;         // [N, cells, O]
  const T* input = nullptr;              // [N, C, Hp, Wp], padded
  std::int64_t images = 0, cells = 0, outputs = 0, factors = 0;
  std::int64_t channels = 0, height = 0, width = 0, kernel = 1;  // of the padded input
};

/// Shares of the images that keep a GPU busy, where a block takes so many of an output's weights.
template <class T>
std::int64_t shares_of_images(const PooledPatches<T>& job, std::int64_t weights_a_block,
                              Where where) {
  constexpr std::int64_t kWanted = 1024;  // blocks
  if (!where.cuda) return 1;
  const std::int64_t weights = job.channels * job.kernel * job.kernel,
                     blocks = job.outputs * ((weights + weights_a_block - 1) / weights_a_block);
  return std::clamp<std::int64_t>((kWanted + blocks - 1) / blocks, 1, job.images);
}

}  // namespace varphase
