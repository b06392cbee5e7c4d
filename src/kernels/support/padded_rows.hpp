// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace varphase {

constexpr std::int64_t kPadding = 16;  // floats: a multiple of every vector

inline std::int64_t rounded_up(std::int64_t count, std::int64_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

/// Rows [rows, units] as [all_rows, padded], so that every vector is whole; what is added is zero.
inline std::vector<float> padded_rows(const float* from, std::int64_t rows, std::int64_t units,
                                      std::int64_t all_rows, std::int64_t padded) {
  std::vector<float> to(static_cast<std::size_t>(all_rows * padded), 0.0F);
  for (std::int64_t r = 0; r < rows; ++r)
    std::copy_n(from + r * units, units, to.begin() + r * padded);
  return to;
}

}  // namespace varphase
