// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/where.hpp"

namespace varphase {

/// Matrix products with float32's digits. On a GPU each factor is split into two TF32 numbers,
/// which together hold 22 bits, and three products on the tensor cores are added (the fourth is
/// below float32's rounding); sums of 32 products at a time go into float32 sums that round to
/// nearest. Faster than the float32 units; the error is that of a float32 sum. Ootomo & Yokota
/// (2022) describe the splitting.
///
/// Leading sizes must be multiples of 4 (16 bytes) on a GPU: float32_product_fits.
bool float32_product_fits(std::int64_t rows, std::int64_t columns, std::int64_t inner);

/// c[m,n] = sum_k a[m,k] b[n,k].   a [M,K], b [N,K], c [M,N] overwritten
void product_of_rows(const float* a, const float* b, std::int64_t m, std::int64_t n, std::int64_t k,
                     float* c, Where where);

/// c[m,n] += sum_k a[k,m] b[k,n]^2.   a [K,M], b [K,N], c [M,N]
/// @param parts [product_parts(M,N,K), M, N] workspace of a GPU; null on a CPU
void add_product_with_squares(const float* a, const float* b, std::int64_t m, std::int64_t n,
                              std::int64_t k, float* c, float* parts, Where where);
std::int64_t product_parts(std::int64_t m, std::int64_t n, std::int64_t k);

namespace cuda {
void product_of_rows(const float* a, const float* b, std::int64_t m, std::int64_t n, std::int64_t k,
                     float* c, void* stream);
void add_product_with_squares(const float* a, const float* b, std::int64_t m, std::int64_t n,
                              std::int64_t k, float* c, float* parts, std::int64_t split,
                              void* stream);
}  // namespace cuda

}  // namespace varphase
