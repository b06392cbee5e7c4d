// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/sparse/csr_matrix.hpp"

#include <limits>

#include "src/base/error.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kLargestIndex = std::numeric_limits<std::int32_t>::max();

}  // namespace

CsrMatrix csr_from_dense(std::int64_t rows, std::int64_t cols, std::span<const float> dense,
                         std::span<const std::uint8_t> keep) {
  VARPHASE_CHECK(rows >= 0 && cols >= 0 && rows < kLargestIndex && cols < kLargestIndex &&
                     (cols == 0 || rows <= kLargestIndex / cols),
                 ErrorKind::shape, "a sparse matrix of {} x {}: 32-bit indices reach to {} entries",
                 rows, cols, kLargestIndex);
  const auto count = static_cast<std::size_t>(rows * cols);
  VARPHASE_CHECK(dense.size() == count && keep.size() == count, ErrorKind::shape,
                 "a sparse matrix of {} x {}: wants as many values and marks, got {} and {}", rows,
                 cols, dense.size(), keep.size());
  CsrMatrix matrix{rows, cols, {0}, {}, {}};
  matrix.indptr.reserve(static_cast<std::size_t>(rows) + 1);
  for (std::size_t at = 0, row = 0; row < static_cast<std::size_t>(rows); ++row) {
    for (std::int32_t col = 0; col < static_cast<std::int32_t>(cols); ++col, ++at) {
      if (keep[at] == 0) continue;
      matrix.indices.push_back(col);
      matrix.values.push_back(dense[at]);
    }
    matrix.indptr.push_back(static_cast<std::int32_t>(matrix.indices.size()));
  }
  return matrix;
}

void check_csr(const CsrMatrix& matrix, const std::string& what) {
  VARPHASE_CHECK(matrix.rows >= 0 && matrix.cols >= 0 &&
                     matrix.indptr.size() == static_cast<std::size_t>(matrix.rows) + 1,
                 ErrorKind::format, "{}: indptr has {} entries, wants rows + 1 = {}", what,
                 matrix.indptr.size(), matrix.rows + 1);
  VARPHASE_CHECK(matrix.indices.size() == matrix.values.size(), ErrorKind::format,
                 "{}: {} indices for {} values", what, matrix.indices.size(), matrix.values.size());
  VARPHASE_CHECK(matrix.indptr.front() == 0, ErrorKind::format,
                 "{}: indptr begins with {}, wants 0", what, matrix.indptr.front());
  // Before any entry is touched: an indptr that rises and ends at the count stays inside.
  for (std::size_t row = 0; row + 1 < matrix.indptr.size(); ++row) {
    VARPHASE_CHECK(matrix.indptr[row] <= matrix.indptr[row + 1], ErrorKind::format,
                   "{}: indptr falls from {} to {} at row {}", what, matrix.indptr[row],
                   matrix.indptr[row + 1], row);
  }
  VARPHASE_CHECK(static_cast<std::size_t>(matrix.indptr.back()) == matrix.values.size(),
                 ErrorKind::format, "{}: indptr ends with {}, there are {} values", what,
                 matrix.indptr.back(), matrix.values.size());
  for (std::size_t row = 0; row + 1 < matrix.indptr.size(); ++row) {
    std::int64_t before = -1;
    for (std::int32_t entry = matrix.indptr[row]; entry < matrix.indptr[row + 1]; ++entry) {
      const std::int32_t col = matrix.indices[static_cast<std::size_t>(entry)];
      VARPHASE_CHECK(col > before && col < matrix.cols, ErrorKind::format,
                     "{}: index {} at entry {} (row {}), wants {} to {}, ascending", what, col,
                     entry, row, before + 1, matrix.cols - 1);
      before = col;
    }
  }
}

}  // namespace varphase
