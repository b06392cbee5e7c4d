// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace varphase {

/// A sparse matrix by rows: row r holds the entries indptr[r] to indptr[r + 1] - 1, at the columns `indices`, which
/// ascend. The three arrays are those of SciPy's csr_matrix and Torch's sparse_csr tensors.
struct CsrMatrix {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::vector<std::int32_t> indptr;   // [rows + 1]
  std::vector<std::int32_t> indices;  // [kept]
  std::vector<float> values;          // [kept]

  std::int64_t kept() const { return static_cast<std::int64_t>(values.size()); }
};

/// The entries of a dense matrix where `keep` is not 0, even if they are 0 themselves.
/// @param dense  [rows, cols] @param keep  [rows, cols], 0 or 1
/// @throws Error shape where the sizes disagree or 32-bit indices do not suffice.
CsrMatrix csr_from_dense(std::int64_t rows, std::int64_t cols, std::span<const float> dense,
                         std::span<const std::uint8_t> keep);

/// Checks what may be wrong in a file: lengths; indptr from 0 on, never falling; indices within range, ascending and
/// without repetition in each row.
/// @param what  names the matrix in the message: file and object
/// @throws Error format.
void check_csr(const CsrMatrix& matrix, const std::string& what);

}  // namespace varphase
