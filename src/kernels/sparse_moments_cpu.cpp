// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/sparse_moments.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "src/kernels/dispatch.hpp"
#include "src/kernels/lanes.hpp"
#include "src/kernels/weight_stretch.hpp"
#include "src/noise/simd.hpp"

namespace varphase {
namespace {

// Images run along the vectors: a tile of them is transposed, so that a weight is one broadcast
// and two multiply-adds for all, and its column one load.
constexpr std::int64_t kTile = 2 * kLanes;  // images
// A convolution's output is computed in bands of whole rows, whose inputs stay in the cache.
constexpr std::int64_t kMostTileFloats = 256 * 1024;

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

/// Some rows of the output and the rows of the input that they look at.
struct Band {
  std::int64_t first_unit = 0, units = 0;    // of one image's [P, J]
  std::int64_t first_input = 0, inputs = 0;  // of one image's [height, width, channels]
};

/// Output rows whose inputs stay within kMostTileFloats, at least one.
std::int64_t rows_of_band(const ConvGeometry& g) {
  const std::int64_t most =
      kMostTileFloats / std::max<std::int64_t>(1, kTile * g.width * g.channels);
  if (most >= g.height) return g.out_height;
  return std::clamp<std::int64_t>((most - g.kernel) / g.stride + 1, 1, g.out_height);
}

Band band_of(const SparseMoments& job, std::int64_t first_row, std::int64_t rows) {
  const ConvGeometry& g = job.geometry;
  const std::int64_t last = std::min(first_row + rows, g.out_height) - 1;
  const std::int64_t top = std::clamp<std::int64_t>(first_row * g.stride - g.padding, 0, g.height);
  const std::int64_t bottom =
      std::clamp<std::int64_t>(last * g.stride - g.padding + g.kernel, top, g.height);
  const std::int64_t in_a_row = g.out_width * job.outputs;
  return {first_row * in_a_row, (last - first_row + 1) * in_a_row, top * g.width * g.channels,
          (bottom - top) * g.width * g.channels};
}

/// A band's inputs of `count` images from n0 on: tile[i * Vectors * 16 + image], zeros for missing
/// images.
template <int Vectors>
VARPHASE_INLINE void load_tile(const SparseMoments& job, const Band& band, std::int64_t n0,
                               std::int64_t count, float* tile) {
  const ConvGeometry& g = job.geometry;
  const std::int64_t whole = g.height * g.width * g.channels;
  const float* const from = job.x + n0 * whole + band.first_input;
  for (std::int64_t i0 = 0; i0 < band.inputs; i0 += kLanes) {
    const std::int64_t columns = std::min(kLanes, band.inputs - i0);
    for (int part = 0; part < Vectors; ++part) {
      Lanes block[kLanes] = {};
      const std::int64_t images = std::min(kLanes, count - part * kLanes);
      for (std::int64_t n = 0; n < images; ++n)
        load_part(block[n], from + (part * kLanes + n) * whole + i0, columns);
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
VARPHASE_INLINE void tile_moments(const SparseMoments& job, const Band& band, std::int64_t n0,
                                  std::int64_t count, float* tile) {
  load_tile<Vectors>(job, band, n0, count, tile);
  const ConvGeometry& g = job.geometry;
  const std::int64_t whole = g.out_height * g.out_width * job.outputs;
  float staged_m[kLanes * Vectors * kLanes] = {}, staged_v[kLanes * Vectors * kLanes] = {};
  std::int64_t place = band.first_unit / job.outputs, j = 0;
  KernelWindow window(g, static_cast<std::int32_t>(place));
  for (std::int64_t u0 = 0; u0 < band.units; u0 += kLanes) {
    const std::int64_t units = std::min(kLanes, band.units - u0);
    for (std::int64_t r = 0; r < units; ++r) {
      if (j == job.outputs) {
        j = 0;
        window = KernelWindow(g, static_cast<std::int32_t>(++place));
      }
      Lanes m[Vectors] = {}, v[Vectors] = {};
      if (Mean && job.bias != nullptr) {
        for (int part = 0; part < Vectors; ++part) m[part] = m[part] + job.bias[j];
      }
      for (std::int32_t row = window.top; row < window.bottom; ++row) {
        const WeightStretch stretch = weight_stretch(job, window, j, row);
        const float* const inputs = tile + (stretch.shift - band.first_input) * Vectors * kLanes;
        for (std::int32_t e = stretch.begin; e < stretch.end; ++e) {
          const float* column = inputs + std::int64_t{job.indices[e]} * Vectors * kLanes;
          for (int part = 0; part < Vectors; ++part) {
            Lanes x;
            load(x, column + part * kLanes);
            if constexpr (Mean) m[part] += x * job.mean[e];
            if constexpr (Variance) v[part] += x * x * job.variance[e];
          }
        }
      }
      for (int part = 0; part < Vectors; ++part) {
        if constexpr (Mean) store(staged_m + (r * Vectors + part) * kLanes, m[part]);
        if constexpr (Variance) store(staged_v + (r * Vectors + part) * kLanes, v[part]);
      }
      ++j;
    }
    const std::int64_t at = n0 * whole + band.first_unit + u0;
    if constexpr (Mean) store_tile<Vectors>(staged_m, count, units, job.m + at, whole);
    if constexpr (Variance) store_tile<Vectors>(staged_v, count, units, job.v + at, whole);
  }
}

#define VARPHASE_SPARSE_TILE(name, mean, variance, vectors)                                   \
  VARPHASE_SIMD_CLONES void name(const SparseMoments& job, const Band& band, std::int64_t n0, \
                                 std::int64_t count, float* tile) {                           \
    tile_moments<mean, variance, vectors>(job, band, n0, count, tile);                        \
  }
VARPHASE_SPARSE_TILE(both_whole, true, true, 2)
VARPHASE_SPARSE_TILE(both_half, true, true, 1)
VARPHASE_SPARSE_TILE(mean_whole, true, false, 2)
VARPHASE_SPARSE_TILE(mean_half, true, false, 1)
VARPHASE_SPARSE_TILE(variance_whole, false, true, 2)
VARPHASE_SPARSE_TILE(variance_half, false, true, 1)

}  // namespace

bool sparse_moments_wants_columns([[maybe_unused]] const SparseMoments& job, Where where) {
  if (!where.cuda) return false;
  VARPHASE_ON_CUDA(return cuda::sparse_moments_wants_columns(job));
}

void sparse_moments(const SparseMoments& job, Where where) {
  if (job.m == nullptr && job.v == nullptr) return;
  if (job.rows == 0 || job.outputs == 0) return;
  VARPHASE_CHECK(job.columns != nullptr || !sparse_moments_wants_columns(job, where),
                 ErrorKind::usage, "sparse_moments wants its input turned over as well");
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::sparse_moments(job, where.stream));
    return;
  }
  const bool both = job.m != nullptr && job.v != nullptr;
  const auto whole = both ? both_whole : job.m != nullptr ? mean_whole : variance_whole;
  const auto half = both ? both_half : job.m != nullptr ? mean_half : variance_half;
  const std::int64_t tiles = (job.rows + kTile - 1) / kTile;
  const std::int64_t band_rows = rows_of_band(job.geometry);
  const std::int64_t bands = (job.geometry.out_height + band_rows - 1) / band_rows;
  parallel_for(tiles * bands, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> tile;
    for (std::int64_t t = begin; t < end; ++t) {
      const Band band = band_of(job, t % bands * band_rows, band_rows);
      const std::int64_t n0 = t / bands * kTile, count = std::min(kTile, job.rows - n0);
      tile.resize(static_cast<std::size_t>(band.inputs * kTile));
      (count > kLanes ? whole : half)(job, band, n0, count, tile.data());
    }
  });
}

}  // namespace varphase
