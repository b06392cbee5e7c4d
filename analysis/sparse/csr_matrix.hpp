// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace varphase {

/// A sparse matrix by rows: row r holds entries indptr[r] to indptr[r + 1] - 1, at the columns
/// `indices`, ascending. The same three arrays as SciPy's csr_matrix and Torch's sparse_csr
/// tensors.
struct CsrMatrix {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::vector<std::int32_t> indptr;   // [rows + 1]
  std::vector<std::int32_t> indices;  // [kept]
  std::vector<float> values;          // [kept]

  std::int64_t kept() const { return static_cast<std::int64_t>(values.size()); }
};

/// Keeps the entries of a dense matrix where `keep` is not 0, also those that are 0.
/// @param dense [rows, cols]
/// @param keep [rows, cols], 0 or 1
/// @throws Error shape where the sizes disagree or 32-bit indices do not reach.
CsrMatrix csr_from_dense(std::int64_t rows, std::int64_t cols, std::span<const float> dense,
                         std::span<const std::uint8_t> keep);

/// [rows, cols], 0 where nothing is kept. The matrix must be valid.
std::vector<float> to_dense(const CsrMatrix& matrix);

/// Checks what a file may have got wrong: lengths, indptr from 0 and never falling, indices in
/// range and ascending without repetition in each row.
/// @param what names the matrix in the message (a file and an object).
/// @throws Error format.
void check_csr(const CsrMatrix& matrix, const std::string& what);

}  // namespace varphase
