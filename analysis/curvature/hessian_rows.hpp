// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace varphase {

/// What whole rows of one layer's Hessian look like, for a few of its weights, summed over a few images, in float64.
/// The first two numbers show that the rows are right, the others how much of the Hessian its diagonal is.
struct HessianRows {
  std::int64_t rows = 0;
  double asymmetry = 0;  // largest |H_ij - H_ji| among the rows' weights / largest |H_ij|
  // H v for a vector v of random signs against the difference of the gradients at w + h v and w - h v, with the better
  // of two steps h: largest |difference| / |H v|
  double direction_error = 0;
  // Medians over the rows whose diagonal entry is not 0; NaN where there is none.
  double largest_off_diagonal = 0;  // largest |H_ij|, j != i, / |H_ii|
  double diagonal_share = 0;        // H_ii^2 / sum_j H_ij^2
};

}  // namespace varphase
