// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "analysis/curvature/rule.hpp"

namespace varphase {

/// What a run of layers that mix no units does to a vector on its way down, in one product: pools
/// pass a unit on to its winner, slopes multiply.
class Gate {
 public:
  /// @param output of the uppermost layer of the run.
  explicit Gate(Shape output) : shape_(std::move(output)) {}
  /// Puts the next lower layer of the run under those that are there.
  void append(const GateRule& rule);
  /// J^T v. @param v [N, F, output...] @return [N, F, input of the lowest layer...]
  at::Tensor pull(const at::Tensor& v) const;

  /// Of a run with a pool; nothing without.
  std::optional<PoolWinners> winners() const;

 private:
  Shape shape_;              // below the lowest layer so far
  at::Tensor multiplier_;    // [N or 1, shape...], undefined: 1
  std::int64_t window_ = 1;  // product of the pools' windows
};

/// Every unit's value at all places of its window; places that the pool dropped get 0.
/// @param x [..., C, H, W] @return [..., C, shape[1], shape[2]]
at::Tensor spread_over_windows(const at::Tensor& x, std::int64_t window, const Shape& shape);

}  // namespace varphase
