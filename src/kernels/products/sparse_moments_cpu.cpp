// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/products/sparse_moments.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/products/sparse_moments_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"
#include "src/kernels/support/vectors.hpp"
#include "src/kernels/support/weight_stretch.hpp"

#ifndef VARPHASE_SPARSE_BAND
#define VARPHASE_SPARSE_BAND
namespace varphase {

/// Some rows of the output and the rows of the input that they look at.
struct Band {
  std::int64_t first_unit = 0, units = 0;    // of one image's [P, J]
  std::int64_t first_input = 0, inputs = 0;  // of one image's [height, width, channels]
};

}  // namespace varphase
#endif

HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

// Images run along the vectors: a tile of them is transposed, so that a weight is one broadcast
// and two multiply-adds for all, and its column one load.
constexpr int kMostVectors = 4;  // of images in a tile

/// A band's inputs of `count` images from n0 on: tile[i * Vectors * kWidth + image], zeros for
/// missing images.
template <int Vectors>
HWY_INLINE void load_tile(const SparseMoments& job, const Band& band, std::int64_t n0,
                          std::int64_t count, float* tile) {
  const ConvGeometry& g = job.geometry;
  const std::int64_t whole = g.height * g.width * g.channels;
  const float* const from = job.x + n0 * whole + band.first_input;
  for (std::int64_t i0 = 0; i0 < band.inputs; i0 += kWidth) {
    const std::int64_t columns = std::min(kWidth, band.inputs - i0);
    for (int part = 0; part < Vectors; ++part) {
      Floats block[kWidth];
      const std::int64_t images = std::min(kWidth, count - part * kWidth);
      for (std::int64_t n = 0; n < kWidth; ++n)
        block[n] =
            n < images ? load_part(from + (part * kWidth + n) * whole + i0, columns) : zeros();
      transpose(block);
      for (std::int64_t c = 0; c < columns; ++c)
        store(tile + ((i0 + c) * Vectors + part) * kWidth, block[c]);
    }
  }
}

/// What kWidth units were given for a tile, unit by unit, written image by image.
template <int Vectors>
HWY_INLINE void store_tile(const float* staged, std::int64_t count, std::int64_t units, float* out,
                           std::int64_t stride) {
  for (int part = 0; part < Vectors; ++part) {
    Floats block[kWidth];
    for (std::int64_t r = 0; r < kWidth; ++r)
      block[r] = load(staged + (r * Vectors + part) * kWidth);
    transpose(block);
    const std::int64_t images = std::min(kWidth, count - part * kWidth);
    for (std::int64_t n = 0; n < images; ++n)
      store_part(out + (part * kWidth + n) * stride, block[n], units);
  }
}

template <bool Mean, bool Variance, int Vectors>
HWY_INLINE void tile_moments(const SparseMoments& job, const Band& band, std::int64_t n0,
                             std::int64_t count, float* tile) {
  load_tile<Vectors>(job, band, n0, count, tile);
  const ConvGeometry& g = job.geometry;
  const std::int64_t whole = g.out_height * g.out_width * job.outputs;
  float staged_m[kWidth * Vectors * kWidth] = {}, staged_v[kWidth * Vectors * kWidth] = {};
  std::int64_t place = band.first_unit / job.outputs, j = 0;
  KernelWindow window(g, static_cast<std::int32_t>(place));
  for (std::int64_t u0 = 0; u0 < band.units; u0 += kWidth) {
    const std::int64_t units = std::min(kWidth, band.units - u0);
    for (std::int64_t r = 0; r < units; ++r) {
      if (j == job.outputs) {
        j = 0;
        window = KernelWindow(g, static_cast<std::int32_t>(++place));
      }
      Floats m[Vectors], v[Vectors];
      std::fill(m, m + Vectors, all(Mean && job.bias != nullptr ? job.bias[j] : 0.0F));
      std::fill(v, v + Vectors, zeros());
      for (std::int32_t row = window.top; row < window.bottom; ++row) {
        const WeightStretch stretch = weight_stretch(job, window, j, row);
        const float* const inputs = tile + (stretch.shift - band.first_input) * Vectors * kWidth;
        for (std::int32_t e = stretch.begin; e < stretch.end; ++e) {
          const float* column = inputs + std::int64_t{job.indices[e]} * Vectors * kWidth;
          for (int part = 0; part < Vectors; ++part) {
            const Floats x = load(column + part * kWidth);
            if constexpr (Mean) m[part] = hn::MulAdd(x, all(job.mean[e]), m[part]);
            if constexpr (Variance) v[part] = hn::MulAdd(x * x, all(job.variance[e]), v[part]);
          }
        }
      }
      for (int part = 0; part < Vectors; ++part) {
        if constexpr (Mean) store(staged_m + (r * Vectors + part) * kWidth, m[part]);
        if constexpr (Variance) store(staged_v + (r * Vectors + part) * kWidth, v[part]);
      }
      ++j;
    }
    const std::int64_t at = n0 * whole + band.first_unit + u0;
    if constexpr (Mean) store_tile<Vectors>(staged_m, count, units, job.m + at, whole);
    if constexpr (Variance) store_tile<Vectors>(staged_v, count, units, job.v + at, whole);
  }
}

template <int Vectors>
HWY_INLINE void moments_of_tile(const SparseMoments& job, const Band& band, std::int64_t n0,
                                std::int64_t count, float* tile) {
  if (job.m != nullptr && job.v != nullptr) {
    tile_moments<true, true, Vectors>(job, band, n0, count, tile);
  } else if (job.m != nullptr) {
    tile_moments<true, false, Vectors>(job, band, n0, count, tile);
  } else {
    tile_moments<false, true, Vectors>(job, band, n0, count, tile);
  }
}

std::int64_t images_of_tile() { return kMostVectors * kWidth; }

/// Up to images_of_tile() images, in as few vectors as hold them.
void sparse_tile(const SparseMoments& job, const Band& band, std::int64_t n0, std::int64_t count,
                 float* tile) {
  if (count > 2 * kWidth) return moments_of_tile<4>(job, band, n0, count, tile);
  if (count > kWidth) return moments_of_tile<2>(job, band, n0, count, tile);
  moments_of_tile<1>(job, band, n0, count, tile);
}

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

HWY_EXPORT(images_of_tile);
HWY_EXPORT(sparse_tile);

// A convolution's output is computed in bands of whole rows, whose inputs stay in the cache.
constexpr std::int64_t kMostTileFloats = 256 * 1024;

/// Output rows whose inputs stay within kMostTileFloats, at least one.
std::int64_t rows_of_band(const ConvGeometry& g, std::int64_t images) {
  const std::int64_t most =
      kMostTileFloats / std::max<std::int64_t>(1, images * g.width * g.channels);
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
  const auto compute = HWY_DYNAMIC_DISPATCH(sparse_tile);
  const std::int64_t images = HWY_DYNAMIC_DISPATCH(images_of_tile)();
  const std::int64_t tiles = (job.rows + images - 1) / images;
  const std::int64_t band_rows = rows_of_band(job.geometry, images);
  const std::int64_t bands = (job.geometry.out_height + band_rows - 1) / band_rows;
  parallel_for(tiles * bands, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> tile;
    for (std::int64_t t = begin; t < end; ++t) {
      const Band band = band_of(job, t % bands * band_rows, band_rows);
      const std::int64_t n0 = t / bands * images;
      tile.resize(static_cast<std::size_t>(band.inputs * images));
      compute(job, band, n0, std::min(images, job.rows - n0), tile.data());
    }
  });
}

}  // namespace varphase
#endif  // HWY_ONCE
