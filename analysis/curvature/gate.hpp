// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "analysis/curvature/rule.hpp"

namespace varphase {

/// What a run of neighbouring layers that mix no units (activations, norms, pools) does to a vector on its way back
/// through them, as one product: each output of the run depends on one input, a pool's on its winner, and the slopes on
/// the way multiply.
class Gate {
 public:
  /// @param output  shape of an image behind the uppermost layer of the run
  explicit Gate(Shape output) : shape_(std::move(output)) {}
  /// Adds the next lower layer to the bottom of the run.
  void append(const GateRule& rule);
  /// J^T v, with J the Jacobian of the run. @param v  [N, F, output...] @return [N, F, input of the lowest layer...]
  at::Tensor pull(const at::Tensor& v) const;

  /// The winners of the run's pool; none for a run without one.
  std::optional<PoolWinners> winners() const;

 private:
  Shape shape_;              // below the lowest layer so far
  at::Tensor multiplier_;    // [N or 1, shape...], undefined: 1
  std::int64_t window_ = 1;  // product of the pools' windows
};

/// Writes each pooled unit's value to every place of its window; places that belong to no window get 0.
/// @param x  [..., C, H, W] @param shape  of what was pooled, [C, height, width] @return [..., C, height, width]
at::Tensor spread_over_windows(const at::Tensor& x, std::int64_t window, const Shape& shape);

}  // namespace varphase
