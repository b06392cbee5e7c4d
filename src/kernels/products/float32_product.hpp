// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/where.hpp"

namespace varphase {

// Matrix products with float32's digits on the tensor cores of a GPU: each factor is split into two short numbers,
// which together hold 22 bits, and three of the four products are added (the last is below float32's rounding). Tensor
// cores truncate as they add, so few products enter one of their sums, and those go into float32 sums that round to
// nearest. Faster than the float32 units; the error is that of a float32 sum. Ootomo & Yokota (2022) describe the
// splitting.

/// Whether products of this size run on a GPU, where 16 bytes are copied at a time.
bool float32_product_fits(std::int64_t rows, std::int64_t columns, std::int64_t inner);

/// c[m,n] = sum_k a[m,k] b[n,k].   a [M,K], b [N,K], c [M,N] overwritten
///
/// Split into TF32, or, on Hopper, into float16, each row scaled by a power of two: numbers under 2^-39 of their row's
/// largest are lost there.
/// @param workspace product_of_rows_bytes(M,N,K), aligned to 16, of a GPU; null on a CPU
void product_of_rows(const float* a, const float* b, std::int64_t m, std::int64_t n, std::int64_t k,
                     float* c, void* workspace, Where where);
std::int64_t product_of_rows_bytes(std::int64_t m, std::int64_t n, std::int64_t k);

/// c[m,n] += sum_k a[k,m] b[k,n]^2.   a [K,M], b [K,N], c [M,N]
///
/// Split into TF32: a column of curvatures spans more than float16's range.
/// @param parts [product_parts(M,N,K), M, N] workspace of a GPU; null on a CPU
void add_product_with_squares(const float* a, const float* b, std::int64_t m, std::int64_t n,
                              std::int64_t k, float* c, float* parts, Where where);
std::int64_t product_parts(std::int64_t m, std::int64_t n, std::int64_t k);

namespace cuda {
void product_of_rows(const float* a, const float* b, std::int64_t m, std::int64_t n, std::int64_t k,
                     float* c, void* workspace, void* stream);
void product_of_rows_sm90(const float* a, const float* b, std::int64_t m, std::int64_t n,
                          std::int64_t k, float* c, void* workspace, void* stream);
void add_product_with_squares(const float* a, const float* b, std::int64_t m, std::int64_t n,
                              std::int64_t k, float* c, float* parts, std::int64_t split,
                              void* stream);

/// Of one factor split for Hopper: two halves a number and a scale a row.
constexpr std::int64_t split_rows_bytes(std::int64_t rows, std::int64_t k) {
  return (rows * ((k + 7) / 8 * 8) * 4 + rows * 4 + 15) / 16 * 16;
}
}  // namespace cuda

}  // namespace varphase
