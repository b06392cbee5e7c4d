// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "analysis/sparse/sparse_model.hpp"

namespace varphase {

/// How many output units (channels of a convolution) a layer with weights had and has.
struct CompactedLayer {
  std::string layer;
  std::int64_t units_before = 0, units = 0;
  std::int64_t weights_before = 0, weights = 0;  // without biases; dropped weights count as well
};

/// A pruned network without its dead units.
struct CompactModel {
  SparseModel model;  // its config has the smaller network
  std::vector<CompactedLayer> layers;

  std::int64_t units_removed() const;
};

/// Takes units out of a pruned network that it does not use, again and again until there are none:
///
/// - a unit whose outgoing weights are all zero;
/// - a unit whose incoming weights are all zero: its output is a constant c_j (its bias behind batch norm, activation
///   and pooling), and V_kj c_j is added to the next layer's bias.
///
/// A unit stays where its constant cannot be moved: where an outgoing weight has a variance, behind dropout, and before
/// a convolution that pads with zeros. One unit of a layer always stays.
///
/// Means and variances of all outputs stay the same to rounding, and so do the deterministic prediction and the
/// distribution of the ensemble's. Single draws do not: a unit's noise is numbered by its place in the layer. With all
/// means set to zero, a constant that was added to a variance layer's bias stays. Source: docs/math.md, "Dead units".
/// @throws Error unsupported where a layer of a kind that may mix channels lies between two layers with weights.
CompactModel compact(const SparseModel& model);

}  // namespace varphase
