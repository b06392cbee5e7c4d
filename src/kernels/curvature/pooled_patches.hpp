// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "src/kernels/support/where.hpp"
#include "src/noise/philox.hpp"

namespace varphase {

/// What the kernels for a convolution below a max pool work on: factors above the pool, and the patches of the
/// convolution's input.
///
/// Each cell of the pool lets one of the convolution's output units pass, the winner of its window. So a cell meets one
/// patch of the input, which is given by the place of its first corner, and the factor on the way from the cell down to
/// the winner, the multiplier: what is computed with is x[n,cell,o,w] = multiplier[n,cell,o] * (entry of the patch that
/// weight w meets).
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

/// Where weight w of a [channels, kernel, kernel] filter meets the padded input, counted from the patch's first corner.
/// @param width, plane  of the padded input: entries of a row, and of a channel
template <class Int>
VARPHASE_HOST_DEVICE constexpr Int place_in_patch(Int w, Int kernel, Int width, Int plane) {
  const Int area = kernel * kernel;
  return w / area * plane + w % area / kernel * width + w % kernel;
}

/// Into how many shares the images are cut so that a GPU is busy: each share of each output's weights is the work of
/// one block.
/// @param weights_a_block  weights of one output that a block takes
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
