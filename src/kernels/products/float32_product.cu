// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/products/float32_product.hpp"

#include "src/kernels/products/tensor_core_tiles.cuh"
#include "src/kernels/support/launch.cuh"
#include "src/kernels/support/split_float32.cuh"

namespace varphase::cuda {
namespace {

// Where k is the inner index a tile is [rows, depth + 4], else [depth, rows + 8]: with that padding
// the 32 lanes of a fragment load fall into 32 banks.
template <bool KOuter, int Rows, int Depth>
constexpr int kStride = KOuter ? Rows + 8 : Depth + 4;
template <bool KOuter, int Rows, int Depth>
constexpr int kTileFloats = (KOuter ? Depth : Rows) * kStride<KOuter, Rows, Depth>;

struct Operand {
  const float* data;
  std::int64_t count;   // of rows m (or n)
  std::int64_t stride;  // floats from one row, or from one k, to the next
};

/// What a thread copies of a tile: four numbers, again and again at one distance, so that little is
/// computed between the copies.
template <bool KOuter, int Rows, int Depth, int Threads>
class Fetch {
 public:
  __device__ Fetch(const Operand& from, std::int64_t first, std::int64_t k_begin)
      : row_(static_cast<int>(KOuter ? threadIdx.x % kQuads * 4 : threadIdx.x / kQuads)),
        depth_(static_cast<int>(KOuter ? threadIdx.x / kQuads : threadIdx.x % kQuads * 4)),
        rows_(static_cast<int>(min(from.count - first, std::int64_t{Rows}))),
        next_(kTogether * from.stride),
        advance_(KOuter ? Depth * from.stride : Depth),
        from_(KOuter ? from.data + (k_begin + depth_) * from.stride + first + row_
                     : from.data + (first + row_) * from.stride + k_begin + depth_) {}

  /// @param left of k
  __device__ void operator()(float* tile, int step, std::int64_t left) const {
    constexpr int stride = kStride<KOuter, Rows, Depth>;
    const float* source = from_ + step * advance_;
    float* to = tile + (KOuter ? depth_ * stride + row_ : row_ * stride + depth_);
#pragma unroll
    for (int i = 0; i < Rows * Depth / 4 / Threads; ++i) {
      const int down = i * kTogether;
      const bool real = row_ + (KOuter ? 0 : down) < rows_ && depth_ + (KOuter ? down : 0) < left;
      copy_16_bytes(to + down * stride, real ? source + i * next_ : from_, real);
    }
  }

 private:
  static constexpr int kQuads = (KOuter ? Rows : Depth) / 4;  // of a tile's inner index
  static constexpr int kTogether = Threads / kQuads;          // of its outer index
  static_assert(Threads % kQuads == 0 && Rows * Depth / 4 % Threads == 0);
  int row_, depth_, rows_;
  std::int64_t next_, advance_;
  const float* from_;
};

template <bool KOuter, int Rows, int Depth>
__device__ float entry(const float* tile, int row, int depth) {
  constexpr int stride = kStride<KOuter, Rows, Depth>;
  return KOuter ? tile[depth * stride + row] : tile[row * stride + depth];
}

// blockIdx.x, .y: tile of c; blockIdx.z: share of k, written to its own part.
template <class C, bool KOuter, bool SquareB>
__global__ void __launch_bounds__(C::kThreads, C::kBlocks)
    product_kernel(Operand a, Operand b, std::int64_t k, std::int64_t share, float* c) {
  extern __shared__ float4 shared[];
  float* tiles = reinterpret_cast<float*>(shared);
  constexpr int floats_a = kTileFloats<KOuter, C::kRows, C::kDepth>;
  constexpr int floats = floats_a + kTileFloats<KOuter, C::kColumns, C::kDepth>;
  const std::int64_t row0 = static_cast<std::int64_t>(blockIdx.y) * C::kRows;
  const std::int64_t column0 = static_cast<std::int64_t>(blockIdx.x) * C::kColumns;
  const std::int64_t k_begin = static_cast<std::int64_t>(blockIdx.z) * share;
  const std::int64_t k_end = min(k_begin + share, k);
  const int steps =
      k_begin < k_end ? static_cast<int>((k_end - k_begin + C::kDepth - 1) / C::kDepth) : 0;

  const Fetch<KOuter, C::kRows, C::kDepth, C::kThreads> fetch_a(a, row0, k_begin);
  const Fetch<KOuter, C::kColumns, C::kDepth, C::kThreads> fetch_b(b, column0, k_begin);
  const auto fetch_step = [&](int step) {
    if (step < steps) {
      float* stage = tiles + step % C::kStages * floats;
      const std::int64_t left = k_end - k_begin - static_cast<std::int64_t>(step) * C::kDepth;
      fetch_a(stage, step, left);
      fetch_b(stage + floats_a, step, left);
    }
    asm volatile("cp.async.commit_group;");
  };
  for (int step = 0; step < C::kStages - 1; ++step) fetch_step(step);

  const WarpPlace<C> at;
  float sum[C::kRowTiles][C::kColumnTiles][4] = {};
  for (int step = 0; step < steps; ++step) {
    asm volatile("cp.async.wait_group %0;" ::"n"(C::kStages - 2));
    __syncthreads();
    fetch_step(step + C::kStages - 1);
    const float* tile_a = tiles + step % C::kStages * floats;
    const float* tile_b = tile_a + floats_a;
    float part[C::kRowTiles][C::kColumnTiles][4];
    multiply_tiles<C>(
        part, at,
        [&](int row, int depth) { return entry<KOuter, C::kRows, C::kDepth>(tile_a, row, depth); },
        [&](int column, int depth) {
          const float x = entry<KOuter, C::kColumns, C::kDepth>(tile_b, column, depth);
          return SquareB ? x * x : x;
        });
    add_part(sum, part);
  }
  asm volatile("cp.async.wait_all;");

  float* to = c + static_cast<std::int64_t>(blockIdx.z) * a.count * b.count;
#pragma unroll
  for (int r = 0; r < C::kRowTiles; ++r) {
#pragma unroll
    for (int j = 0; j < C::kColumnTiles; ++j) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const std::int64_t row = row0 + at.row + 16 * r + at.g + 8 * half;
        const std::int64_t column = column0 + at.column + 8 * j + 2 * at.t;
        if (row < a.count && column < b.count) {
          *reinterpret_cast<float2*>(to + row * b.count + column) =
              make_float2(sum[r][j][2 * half], sum[r][j][2 * half + 1]);
        }
      }
    }
  }
}

template <class C, bool KOuter, bool SquareB>
void launch(const Operand& a, const Operand& b, std::int64_t k, std::int64_t split, float* c,
            cudaStream_t stream) {
  const auto kernel = product_kernel<C, KOuter, SquareB>;
  constexpr int floats =
      kTileFloats<KOuter, C::kRows, C::kDepth> + kTileFloats<KOuter, C::kColumns, C::kDepth>;
  constexpr int shared = C::kStages * floats * static_cast<int>(sizeof(float));
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared),
        "float32_product: shared memory");
  const std::int64_t share = ((k + split - 1) / split + C::kDepth - 1) / C::kDepth * C::kDepth;
  const dim3 grid(blocks_for(b.count, C::kColumns), blocks_for(a.count, C::kRows),
                  static_cast<unsigned>(split));
  kernel<<<grid, C::kThreads, shared, stream>>>(a, b, k, share, c);
  check_launch("float32_product");
}

using Chosen = Cut<64, 128, 64, 32, 32, 3, 2>;

}  // namespace

void product_of_rows(const float* a, const float* b, std::int64_t m, std::int64_t n, std::int64_t k,
                     float* c, void* workspace, void* stream) {
  if (m == 0 || n == 0) return;
#if VARPHASE_SM90A
  if (device_attribute(cudaDevAttrComputeCapabilityMajor) == 9) {
    product_of_rows_sm90(a, b, m, n, k, c, workspace, stream);
    return;
  }
#else
  (void)workspace;
#endif
  launch<Chosen, false, false>({a, m, k}, {b, n, k}, k, 1, c, as_stream(stream));
}

void add_product_with_squares(const float* a, const float* b, std::int64_t m, std::int64_t n,
                              std::int64_t k, float* c, float* parts, std::int64_t split,
                              void* stream) {
  if (m == 0 || n == 0) return;
  launch<Chosen, true, true>({a, m, m}, {b, n, n}, k, split, parts, as_stream(stream));
  add_parts(parts, m * n, split, c, as_stream(stream));
}

}  // namespace varphase::cuda
