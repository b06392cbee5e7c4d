// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/curvature/pooled_pairs.hpp"

#include <algorithm>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/kernels/curvature/pooled_pairs_cpu.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "src/kernels/support/dispatch.hpp"

// Plain loops, which the compiler turns into vectors of each instruction set.
HWY_BEFORE_NAMESPACE();
namespace varphase {
namespace HWY_NAMESPACE {

template <class T>
HWY_INLINE void add_image(const PooledPairs<T>& job, std::int64_t n) {
  std::vector<T> row(static_cast<std::size_t>(job.factors));
  for (std::int64_t o = 0; o < job.outputs; ++o) {
    T* pairs = job.pairs + (n * job.outputs + o) * job.cells * job.cells;
    for (std::int64_t p = 0; p < job.cells; ++p) {
      const T* of_p = job.v + ((n * job.cells + p) * job.outputs + o) * job.factors;
      for (std::int64_t f = 0; f < job.factors; ++f)
        row[static_cast<std::size_t>(f)] =
            job.sign != nullptr ? of_p[f] * job.sign[n * job.factors + f] : of_p[f];
      for (std::int64_t q = p; q < job.cells; ++q) {
        const T* of_q = job.v + ((n * job.cells + q) * job.outputs + o) * job.factors;
        // Eight sums beside each other, so that the compiler may use vectors for them.
        T sums[8] = {};
        std::int64_t f = 0;
        for (; f + 8 <= job.factors; f += 8) {
          for (std::int64_t i = 0; i < 8; ++i)
            sums[i] += row[static_cast<std::size_t>(f + i)] * of_q[f + i];
        }
        T sum = 0;
        for (const T part : sums) sum += part;
        for (; f < job.factors; ++f) sum += row[static_cast<std::size_t>(f)] * of_q[f];
        pairs[p * job.cells + q] += sum;
      }
    }
  }
}

constexpr std::int64_t kBlock = 64;  // weights whose sums stay in registers

template <class T>
HWY_INLINE void read_output(const PooledPairs<T>& job, std::int64_t o) {
  const std::int64_t area = job.kernel * job.kernel, plane = job.height * job.width,
                     weights = job.channels * area;
  T* sum = job.parts + o * weights;
  std::fill(sum, sum + weights, T(0));
  std::vector<T> x(static_cast<std::size_t>(job.cells * kBlock));
  for (std::int64_t n = 0; n < job.images; ++n) {
    const T* pairs = job.pairs + (n * job.outputs + o) * job.cells * job.cells;
    for (std::int64_t w0 = 0; w0 < weights; w0 += kBlock) {
      const std::int64_t count = std::min(kBlock, weights - w0);
      std::fill(x.begin(), x.end(), T(0));
      for (std::int64_t p = 0; p < job.cells; ++p) {
        const std::int64_t at = (n * job.cells + p) * job.outputs + o;
        if (job.corner[at] < 0) continue;
        const T* patch = job.input + n * job.channels * plane + job.corner[at];
        for (std::int64_t i = 0; i < count; ++i) {
          x[static_cast<std::size_t>(p * kBlock + i)] =
              job.multiplier[at] * patch[place_in_patch(w0 + i, job.kernel, job.width, plane)];
        }
      }
      T total[kBlock] = {};
      for (std::int64_t p = 0; p < job.cells; ++p) {
        const T* of_p = x.data() + p * kBlock;
        T met[kBlock] = {};
        for (std::int64_t q = p; q < job.cells; ++q) {
          const T pair = pairs[p * job.cells + q] * (q == p ? T(1) : T(2));
          const T* of_q = x.data() + q * kBlock;
          for (std::int64_t i = 0; i < kBlock; ++i) met[i] += pair * of_q[i];
        }
        for (std::int64_t i = 0; i < kBlock; ++i) total[i] += of_p[i] * met[i];
      }
      for (std::int64_t i = 0; i < count; ++i) sum[w0 + i] += total[i];
    }
  }
}

VARPHASE_FLOAT_AND_DOUBLE(add_image, PooledPairs)
VARPHASE_FLOAT_AND_DOUBLE(read_output, PooledPairs)

}  // namespace HWY_NAMESPACE
}  // namespace varphase
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace varphase {
namespace {

VARPHASE_CALL_FLOAT_AND_DOUBLE(add_image, PooledPairs)
VARPHASE_CALL_FLOAT_AND_DOUBLE(read_output, PooledPairs)

}  // namespace

bool pooled_pairs_fit(std::int64_t cells) { return cells <= 40; }

template <class T>
void add_pooled_pairs(const PooledPairs<T>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::add_pooled_pairs(job, where.stream));
    return;
  }
  parallel_for(job.images, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) call_add_image(job, n);
  });
}

template <class T>
std::int64_t pooled_pairs_parts(const PooledPairs<T>& job, Where where) {
  return shares_of_images(job, 128, where);
}

template <class T>
void read_pooled_pairs(const PooledPairs<T>& job, Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::read_pooled_pairs(job, pooled_pairs_parts(job, where), where.stream));
    return;
  }
  parallel_for(job.outputs, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) call_read_output(job, o);
  });
}

template std::int64_t pooled_pairs_parts<float>(const PooledPairs<float>&, Where);
template std::int64_t pooled_pairs_parts<double>(const PooledPairs<double>&, Where);
template void add_pooled_pairs<float>(const PooledPairs<float>&, Where);
template void add_pooled_pairs<double>(const PooledPairs<double>&, Where);
template void read_pooled_pairs<float>(const PooledPairs<float>&, Where);
template void read_pooled_pairs<double>(const PooledPairs<double>&, Where);

}  // namespace varphase
#endif  // HWY_ONCE
