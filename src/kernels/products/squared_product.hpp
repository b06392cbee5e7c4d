// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/where.hpp"

namespace varphase {

/// Squares of many small products, none of which is stored:
///
///     sum[m,n] += sum_i sign[i] (sum_k a[i,m,k] b[i / repeat,n,k])^2
///
/// On a GPU with float32's digits on tensor cores (float32_product.hpp says how); the same bits run after run.
struct SquaredProduct {
  const float* a = nullptr;     // [I, M, K]
  const float* b = nullptr;     // [I / repeat, N, K]
  const float* sign = nullptr;  // [I]; null: all +1
  std::int64_t items = 0, repeat = 1, m = 0, n = 0, k = 0;
  float* sum = nullptr;    // [M, N]
  float* parts = nullptr;  // [squared_product_parts, M, N] workspace of a GPU; null on a CPU
};

/// Whether a GPU takes this size: 16 bytes are copied at a time.
bool squared_product_fits(std::int64_t k);
std::int64_t squared_product_parts(const SquaredProduct& job);
void squared_product(const SquaredProduct& job, Where where);

namespace cuda {
void squared_product(const SquaredProduct& job, std::int64_t split, void* stream);
}

}  // namespace varphase
