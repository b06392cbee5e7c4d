// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/sparse/sparse_model.hpp"

namespace varphase {

/// Output units (channels of a convolution) of one layer that has weights.
struct CompactedLayer {
  std::string layer;
  std::int64_t units_before = 0, units = 0;
  std::int64_t weights_before = 0, weights = 0;  // without biases; dropped ones count
};

struct CompactModel {
  SparseModel model;  // its config has the smaller network
  std::vector<CompactedLayer> layers;

  std::int64_t units_removed() const;
};

/// Removes units for good that a pruned network does not use, until there are no more:
///
/// - a unit whose outgoing weights are all zero;
/// - a unit whose incoming weights are all zero. Its output is a constant c_j (its bias behind
/// batch
///   norm, activation and pooling), and V_kj c_j goes into the next layer's bias.
///
/// A constant stays where it cannot be moved: where an outgoing weight has a variance, behind
/// dropout, and before a convolution that pads with zeros. One unit of a layer always stays.
///
/// Means and variances of all outputs, and so the deterministic prediction and the law of the
/// ensemble, stay the same to rounding. Single draws do not: a unit's noise is numbered by its
/// place in the layer. With all means at zero a constant that went into a variance layer's bias
/// stays. Source: docs/math.md, "Dead units".
/// @throws Error unsupported for a layer kind between two layers with weights that may mix
/// channels.
CompactModel compact(const SparseModel& model);

}  // namespace varphase
