// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/where.hpp"

namespace varphase {

/// One batch out of a set that stays in bytes: out[n, i] = pixels[rows[n], i] / 255, and its
/// labels.
///
/// @param order  [.] positions of images in visiting order
/// @param step   [1] or null: the batch starts at order[*step * batch]; null: at order[0]
/// @param out    [batch, size]; @param labels_out [batch]; @param examples_out [batch] =
/// example[rows[n]]
struct GatherImages {
  const std::uint8_t* pixels = nullptr;   // [count, size]
  const std::int64_t* labels = nullptr;   // [count]
  const std::int64_t* example = nullptr;  // [count] index in the source file
  const std::int64_t* order = nullptr;
  const std::int64_t* step = nullptr;
  std::int64_t batch = 0;
  std::int64_t size = 0;
  float* out = nullptr;
  std::int64_t* labels_out = nullptr;
  std::int64_t* examples_out = nullptr;
};

void gather_images(const GatherImages& job, Where where);

namespace cuda {
void gather_images(const GatherImages& job, void* stream);
}

}  // namespace varphase
