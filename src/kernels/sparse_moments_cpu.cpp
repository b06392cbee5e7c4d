// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/sparse_moments.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "src/kernels/dispatch.hpp"
#include "src/kernels/lanes.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

// Images run along the vectors: a tile of them is transposed, so that a weight is one broadcast
// and two multiply-adds for all, and its column one load.
constexpr std::int64_t kTile = 2 * kLanes;  // images

/// [16, 16] turned over. Each step rotates the eight bits of an entry's address by one.
VARPHASE_INLINE void transpose(Lanes (&rows)[kLanes]) {
  for (int step = 0; step < 4; ++step) {
    Lanes next[kLanes];
    for (int i = 0; i < kLanes / 2; ++i) {
      const Lanes& a = rows[i];
      const Lanes& b = rows[i + kLanes / 2];
      next[2 * i] =
          __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
                                                14, 30, 15, 31);
    }
    for (int i = 0; i < kLanes; ++i) rows[i] = next[i];
  }
}

VARPHASE_INLINE void load_part(Lanes& to, const float* from, std::int64_t count) {
  if (count >= kLanes) {
    load(to, from);
    return;
  }
  float part[kLanes] = {};
  std::memcpy(part, from, static_cast<std::size_t>(count) * sizeof(float));
  load(to, part);
}

VARPHASE_INLINE void store_part(float* to, const Lanes& from, std::int64_t count) {
  if (count >= kLanes) {
    store(to, from);
    return;
  }
  std::memcpy(to, &from, static_cast<std::size_t>(count) * sizeof(float));
}

/// Columns of `count` images from n0 on: tile[i * Vectors * 16 + image], zeros for missing images.
template <int Vectors>
VARPHASE_INLINE void load_tile(const SparseMoments& job, std::int64_t n0, std::int64_t count,
                               float* tile) {
  for (std::int64_t i0 = 0; i0 < job.inputs; i0 += kLanes) {
    const std::int64_t columns = std::min(kLanes, job.inputs - i0);
    for (int part = 0; part < Vectors; ++part) {
      Lanes block[kLanes] = {};
      const std::int64_t images = std::min(kLanes, count - part * kLanes);
      for (std::int64_t n = 0; n < images; ++n)
        load_part(block[n], job.x + (n0 + part * kLanes + n) * job.inputs + i0, columns);
      transpose(block);
      for (std::int64_t c = 0; c < columns; ++c)
        store(tile + ((i0 + c) * Vectors + part) * kLanes, block[c]);
    }
  }
}

/// What 16 units were given for a tile, unit by unit, written image by image.
template <int Vectors>
VARPHASE_INLINE void store_tile(const float* staged, std::int64_t count, std::int64_t units,
                                float* out, std::int64_t stride) {
  for (int part = 0; part < Vectors; ++part) {
    Lanes block[kLanes];
    for (std::int64_t r = 0; r < kLanes; ++r)
      load(block[r], staged + (r * Vectors + part) * kLanes);
    transpose(block);
    const std::int64_t images = std::min(kLanes, count - part * kLanes);
    for (std::int64_t n = 0; n < images; ++n)
      store_part(out + (part * kLanes + n) * stride, block[n], units);
  }
}

template <bool Mean, bool Variance, int Vectors>
VARPHASE_INLINE void tile_moments(const SparseMoments& job, std::int64_t n0, std::int64_t count,
                                  float* tile) {
  load_tile<Vectors>(job, n0, count, tile);
  float staged_m[kLanes * Vectors * kLanes] = {}, staged_v[kLanes * Vectors * kLanes] = {};
  for (std::int64_t j0 = 0; j0 < job.outputs; j0 += kLanes) {
    const std::int64_t units = std::min(kLanes, job.outputs - j0);
    for (std::int64_t r = 0; r < units; ++r) {
      const std::int64_t j = j0 + r;
      Lanes m[Vectors] = {}, v[Vectors] = {};
      if (Mean && job.bias != nullptr) {
        for (int part = 0; part < Vectors; ++part) m[part] = m[part] + job.bias[j];
      }
      for (std::int32_t e = job.indptr[j]; e < job.indptr[j + 1]; ++e) {
        const float* column = tile + std::int64_t{job.indices[e]} * Vectors * kLanes;
        for (int part = 0; part < Vectors; ++part) {
          Lanes x;
          load(x, column + part * kLanes);
          if constexpr (Mean) m[part] += x * job.mean[e];
          if constexpr (Variance) v[part] += x * x * job.variance[e];
        }
      }
      for (int part = 0; part < Vectors; ++part) {
        if constexpr (Mean) store(staged_m + (r * Vectors + part) * kLanes, m[part]);
        if constexpr (Variance) store(staged_v + (r * Vectors + part) * kLanes, v[part]);
      }
    }
    const std::int64_t at = n0 * job.outputs + j0;
    if constexpr (Mean) store_tile<Vectors>(staged_m, count, units, job.m + at, job.outputs);
    if constexpr (Variance) store_tile<Vectors>(staged_v, count, units, job.v + at, job.outputs);
  }
}

#define VARPHASE_SPARSE_TILE(name, mean, variance, vectors)                                     \
  VARPHASE_SIMD_CLONES void name(const SparseMoments& job, std::int64_t n0, std::int64_t count, \
                                 float* tile) {                                                 \
    tile_moments<mean, variance, vectors>(job, n0, count, tile);                                \
  }
VARPHASE_SPARSE_TILE(both_whole, true, true, 2)
VARPHASE_SPARSE_TILE(both_half, true, true, 1)
VARPHASE_SPARSE_TILE(mean_whole, true, false, 2)
VARPHASE_SPARSE_TILE(mean_half, true, false, 1)
VARPHASE_SPARSE_TILE(variance_whole, false, true, 2)
VARPHASE_SPARSE_TILE(variance_half, false, true, 1)

}  // namespace

void sparse_moments(const SparseMoments& job, Where where) {
  if (job.m == nullptr && job.v == nullptr) return;
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::sparse_moments(job, where.stream));
    return;
  }
  const bool both = job.m != nullptr && job.v != nullptr;
  const auto whole = both ? both_whole : job.m != nullptr ? mean_whole : variance_whole;
  const auto half = both ? both_half : job.m != nullptr ? mean_half : variance_half;
  const std::int64_t tiles = (job.rows + kTile - 1) / kTile;
  parallel_for(tiles, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> tile(static_cast<std::size_t>(job.inputs * kTile));
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int64_t count = std::min(kTile, job.rows - t * kTile);
      (count > kLanes ? whole : half)(job, t * kTile, count, tile.data());
    }
  });
}

}  // namespace varphase
