// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

// What products with float32's digits on tensor cores are made of; float32_product.hpp says how.
namespace varphase::cuda {

// How a product is cut: a block's tile of c, a warp's share of it, how much of k is fetched at a time, how many such
// tiles are in flight.
template <int Rows, int Columns, int WarpRows, int WarpColumns, int Depth, int Stages, int Blocks>
struct Cut {
  static constexpr int kRows = Rows, kColumns = Columns, kDepth = Depth, kStages = Stages;
  static constexpr int kWarpRows = WarpRows, kWarpColumns = WarpColumns;
  static constexpr int kWarpsAcross = Columns / WarpColumns;
  static constexpr int kThreads = Rows / WarpRows * kWarpsAcross * 32;
  static constexpr int kBlocks = Blocks;  // of a multiprocessor
  static constexpr int kRowTiles = WarpRows / 16, kColumnTiles = WarpColumns / 8;
};

__device__ inline void copy_16_bytes(float* to, const float* from, bool real) {
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(to));
  const int bytes = real ? 16 : 0;  // the rest is filled with zeros
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from),
               "r"(bytes));
}

// The tensor cores drop the low 13 bits of a number; half of what they drop is added first. Integer additions, because
// the conversion instruction runs at an eighth of their rate.
constexpr unsigned kHalf = 0x1000U, kKept = 0xffffe000U;

/// x = large + small + 2^-23 |x| at most, each of 11 bits.
__device__ inline void split(float x, unsigned& large, unsigned& small) {
  const unsigned bits = __float_as_uint(x);
  const bool finite = (bits & 0x7f800000U) != 0x7f800000U;
  // Half added to a NaN would wrap around to zero: what is not finite stays as it is.
  large = finite ? (bits + kHalf) & kKept : bits;
  small = finite ? __float_as_uint(x - __uint_as_float(large)) + kHalf : 0U;
}

__device__ inline void multiply(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// The same with nothing in c yet.
__device__ inline void multiply_first(float (&c)[4], const unsigned (&a)[4],
                                      const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%10,%10,%10,%10};"
      : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(0.0F));
}

template <int RowTiles, int ColumnTiles>
__device__ void multiply_all(float (&part)[RowTiles][ColumnTiles][4],
                             const unsigned (&a)[RowTiles][4], const unsigned (&b)[ColumnTiles][2],
                             bool first = false) {
#pragma unroll
  for (int r = 0; r < RowTiles; ++r) {
#pragma unroll
    for (int j = 0; j < ColumnTiles; ++j) {
      if (first) {
        multiply_first(part[r][j], a[r], b[j]);
      } else {
        multiply(part[r][j], a[r], b[j]);
      }
    }
  }
}

}  // namespace varphase::cuda
