// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace varphase {

/// What whole rows of one layer's Hessian show, those of a few weights, summed over a few images,
/// in float64. The first two prove the rows, the others tell how far a diagonal is from the whole.
struct HessianRows {
  std::int64_t rows = 0;
  double asymmetry = 0;        // largest |H_ij - H_ji| among the rows' weights / largest |H_ij|
  double direction_error = 0;  // H v along signs v against a difference of gradients at w + h v
                               // and w - h v, the better of two h: largest |difference| / |H v|
  // Medians over the rows whose diagonal entry is not 0; NaN where there is none.
  double largest_off_diagonal = 0;  // largest |H_ij|, j != i, / |H_ii|
  double diagonal_share = 0;        // H_ii^2 / sum_j H_ij^2
};

}  // namespace varphase
