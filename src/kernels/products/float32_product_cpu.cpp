// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/products/float32_product.hpp"

#include <algorithm>

#include "src/kernels/support/dispatch.hpp"

namespace varphase {
namespace {

constexpr std::int64_t kTileRows = 64, kTileColumns = 128;  // of a GPU block's tile of c
constexpr std::int64_t kBlocksWanted = 784;  // three rounds of a large GPU: the last is nearly full
constexpr std::int64_t kLeastShare = 128;    // of k

}  // namespace

bool float32_product_fits(std::int64_t rows, std::int64_t columns, std::int64_t inner) {
  return rows > 0 && columns % 4 == 0 && inner % 4 == 0;
}

std::int64_t product_of_rows_bytes(std::int64_t m, std::int64_t n, std::int64_t k) {
  return cuda::split_rows_bytes(m, k) + cuda::split_rows_bytes(n, k);
}

std::int64_t product_parts(std::int64_t m, std::int64_t n, std::int64_t k) {
  const std::int64_t tiles =
      (m + kTileRows - 1) / kTileRows * ((n + kTileColumns - 1) / kTileColumns);
  return std::clamp<std::int64_t>(kBlocksWanted / tiles, 1,
                                  std::max<std::int64_t>(1, k / kLeastShare));
}

void product_of_rows(const float* a, const float* b, std::int64_t m, std::int64_t n, std::int64_t k,
                     float* c, [[maybe_unused]] void* workspace, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::product_of_rows(a, b, m, n, k, c, workspace, where.stream));
    return;
  }
  parallel_for(m, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        float sum = 0;
        for (std::int64_t l = 0; l < k; ++l) sum += a[i * k + l] * b[j * k + l];
        c[i * n + j] = sum;
      }
    }
  });
}

void add_product_with_squares(const float* a, const float* b, std::int64_t m, std::int64_t n,
                              std::int64_t k, float* c, [[maybe_unused]] float* parts,
                              Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::add_product_with_squares(a, b, m, n, k, c, parts, product_parts(m, n, k),
                                                    where.stream));
    return;
  }
  parallel_for(m, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t l = 0; l < k; ++l) {
        const float factor = a[l * m + i];
        for (std::int64_t j = 0; j < n; ++j) c[i * n + j] += factor * b[l * n + j] * b[l * n + j];
      }
    }
  });
}

}  // namespace varphase
