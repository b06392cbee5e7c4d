// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/pooled_squares.hpp"

#include <algorithm>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/curvature/pooled_squares_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"

// Plain loops, which the compiler turns into vectors of each instruction set.
HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

constexpr std::int64_t kBlock = 64;  // factors whose products stay in registers

template <class T>
HWY_INLINE void add_output(const PooledSquares<T>& job, std::int64_t o) {
  const std::int64_t area = job.kernel * job.kernel, plane = job.height * job.width,
                     weights = job.channels * area;
  T* sum = job.parts + o * weights;
  std::fill(sum, sum + weights, T(0));
  std::vector<std::int64_t> cell, corner;
  std::vector<T> multiplier;
  for (std::int64_t n = 0; n < job.images; ++n) {
    cell.clear();
    corner.clear();
    multiplier.clear();
    for (std::int64_t i = 0; i < job.cells; ++i) {
      const std::int64_t at = (n * job.cells + i) * job.outputs + o;
      if (job.corner[at] < 0) continue;
      cell.push_back(at * job.factors);
      corner.push_back(n * job.channels * plane + job.corner[at]);
      multiplier.push_back(job.multiplier[at]);
    }
    const T* sign = job.sign != nullptr ? job.sign + n * job.factors : nullptr;
    for (std::int64_t f0 = 0; f0 < job.factors; f0 += kBlock) {
      const std::int64_t count = std::min(kBlock, job.factors - f0);
      for (std::int64_t w = 0; w < weights; ++w) {
        const std::int64_t place = place_in_patch(w, job.kernel, job.width, plane);
        T product[kBlock] = {};
        for (std::size_t i = 0; i < cell.size(); ++i) {
          const T x = job.input[corner[i] + place] * multiplier[i];
          const T* v = job.v + cell[i] + f0;
          if (count == kBlock) {
            for (std::int64_t f = 0; f < kBlock; ++f) product[f] += x * v[f];
          } else {
            for (std::int64_t f = 0; f < count; ++f) product[f] += x * v[f];
          }
        }
        T squares = 0;
        for (std::int64_t f = 0; f < count; ++f) {
          const T square = product[f] * product[f];
          squares += sign != nullptr ? sign[f0 + f] * square : square;
        }
        sum[w] += squares;
      }
    }
  }
}

VARPHASE_FLOAT_AND_DOUBLE(add_output, PooledSquares)

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

VARPHASE_CALL_FLOAT_AND_DOUBLE(add_output, PooledSquares)

}  // namespace

template <class T>
void list_winners([[maybe_unused]] const PooledSquares<T>& job, Where where) {
  if (where.cuda) VARPHASE_ON_CUDA(cuda::list_winners(job, where.stream));
}

template <class T>
std::int64_t pooled_squares_parts(const PooledSquares<T>& job, Where where) {
  return shares_of_images(job, 64, where);
}

template <class T>
void pooled_squares(const PooledSquares<T>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::pooled_squares(job, pooled_squares_parts(job, where), where.stream));
    return;
  }
  parallel_for(job.outputs, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) call_add_output(job, o);
  });
}

template void list_winners<float>(const PooledSquares<float>&, Where);
template void list_winners<double>(const PooledSquares<double>&, Where);
template std::int64_t pooled_squares_parts<float>(const PooledSquares<float>&, Where);
template std::int64_t pooled_squares_parts<double>(const PooledSquares<double>&, Where);
template void pooled_squares<float>(const PooledSquares<float>&, Where);
template void pooled_squares<double>(const PooledSquares<double>&, Where);

}  // namespace varphase
#endif  // HWY_ONCE
