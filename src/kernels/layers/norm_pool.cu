// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/norm_pool.hpp"

#include <type_traits>

#include "src/kernels/layers/channel_sums.cuh"
#include "src/kernels/layers/norm_pool_kernels.cuh"
#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

template <class T>
void check_size(const NormPool<T>& job) {
  if (job.rows * job.height * job.width * job.channels > 2147483647 - kThreads)
    throw std::runtime_error("CUDA: norm_pool: more than 2^31 entries in one batch");
}

/// Sums of this batch by slabs. @return how many slabs
template <int lanes, class T>
int run_sums(const NormPool<T>& job, cudaStream_t stream) {
  const std::int64_t count = job.rows * job.height * job.width;
  const dim3 grid = slab_grid(count, job.channels / lanes);
  sum_kernel<lanes><<<grid, kThreads, 0, stream>>>(job.x, count, static_cast<int>(job.channels),
                                                   reinterpret_cast<float2*>(job.workspace));
  check_launch("norm_pool: sums");
  return static_cast<int>(grid.x);
}

/// Likewise of its gradients.
template <Activation kind, int lanes, class T>
int run_gradient_sums(const NormPool<T>& job, const T* dy, cudaStream_t stream) {
  const std::int64_t outputs = job.rows * (job.height / job.pool) * (job.width / job.pool);
  const dim3 grid = slab_grid(outputs, job.channels / lanes);
  sum_gradients_kernel<kind, lanes><<<grid, kThreads, 0, stream>>>(
      job, extents_of(job), dy, reinterpret_cast<float2*>(job.workspace));
  check_launch("norm_pool_backward: sums");
  return static_cast<int>(grid.x);
}

template <Activation kind, int lanes, class T>
void run_forward(const NormPool<T>& job, cudaStream_t stream) {
  auto* parts = reinterpret_cast<float2*>(job.workspace);
  const std::int64_t groups = job.channels / lanes;
  if (job.training && job.ranks != nullptr) {
    const int slabs = run_sums<lanes>(job, stream);
    statistics_over_ranks_kernel<<<blocks_for(job.channels, kThreads / 32), kThreads, 0, stream>>>(
        job, *job.ranks, parts, slabs);
    check_launch("norm_pool: statistics");
  } else if (job.training && job.sums != nullptr) {
    statistics_of_sums_kernel<<<blocks_for(job.channels, kThreads), kThreads, 0, stream>>>(job);
    check_launch("norm_pool: statistics");
  } else if (job.training) {
    const int slabs = run_sums<lanes>(job, stream);
    statistics_kernel<<<blocks_for(job.channels, kThreads / 32), kThreads, 0, stream>>>(job, parts,
                                                                                        slabs);
    check_launch("norm_pool: statistics");
  }
  const std::int64_t count = job.rows * (job.height / job.pool) * (job.width / job.pool) * groups;
  pool_kernel<kind, lanes>
      <<<blocks_for(count, kThreads), kThreads, 0, stream>>>(job, extents_of(job));
  check_launch("norm_pool");
}

template <Activation kind, int lanes, class T>
void run_backward(const NormPool<T>& job, const NormPoolGradient<T>& gradient,
                  cudaStream_t stream) {
  auto* parts = reinterpret_cast<float2*>(job.workspace);
  float* totals = job.workspace + 2 * kNormPoolSlabs * job.channels;
  const std::int64_t groups = job.channels / lanes;
  if (!job.training) {
    given_totals_kernel<<<blocks_for(job.channels, kThreads), kThreads, 0, stream>>>(job, totals);
  } else if (job.ranks != nullptr) {
    const int slabs = run_gradient_sums<kind, lanes>(job, gradient.dy, stream);
    totals_over_ranks_kernel<<<blocks_for(job.channels, kThreads / 32), kThreads, 0, stream>>>(
        job, gradient, *job.ranks, parts, slabs, totals);
  } else if (gradient.sums != nullptr) {
    totals_of_sums_kernel<<<blocks_for(job.channels, kThreads), kThreads, 0, stream>>>(
        job, gradient, totals);
  } else {
    const int slabs = run_gradient_sums<kind, lanes>(job, gradient.dy, stream);
    gradient_totals_kernel<<<blocks_for(job.channels, kThreads / 32), kThreads, 0, stream>>>(
        job, gradient, parts, slabs, totals);
  }
  check_launch("norm_pool_backward: totals");
  const std::int64_t count = job.rows * job.height * job.width * groups;
  spread_kernel<kind, lanes><<<blocks_for(count, kThreads), kThreads, 0, stream>>>(
      job, extents_of(job), gradient, totals);
  check_launch("norm_pool_backward");
}

/// run(kind, lanes), both as types, by what the job asks for. Bfloat16 alone goes by four channels:
/// a thread that reads 2 bytes at a time leaves most of the memory's bandwidth unused.
/// @param out, in  the arrays beside job.x that are read or written by lanes
template <class T, class Run>
void by_kind(const NormPool<T>& job, const T* out, const T* in, const Run& run) {
  using Relu = std::integral_constant<Activation, Activation::relu>;
  using Other = std::integral_constant<Activation, Activation::identity>;
  using One = std::integral_constant<int, 1>;
  using Four = std::integral_constant<int, 4>;
  const bool relu = job.activation == Activation::relu;
  if constexpr (sizeof(T) == 2) {
    const auto fits = [](const T* data) { return is_aligned<Pack<T, 4>>(data); };
    if (job.channels % 4 == 0 && !job.channels_first_out && fits(job.x) && fits(out) && fits(in)) {
      relu ? run(Relu{}, Four{}) : run(Other{}, Four{});
      return;
    }
  }
  relu ? run(Relu{}, One{}) : run(Other{}, One{});
}

}  // namespace

template <class T>
void norm_pool(const NormPool<T>& job, void* stream) {
  if (job.rows == 0) return;
  check_size(job);
  by_kind(job, job.y, job.x, [&](auto kind, auto lanes) {
    run_forward<decltype(kind)::value, decltype(lanes)::value>(job, as_stream(stream));
  });
}

template <class T>
void norm_pool_backward(const NormPool<T>& job, const NormPoolGradient<T>& gradient, void* stream) {
  if (job.rows == 0) return;
  check_size(job);
  by_kind(job, gradient.dx, gradient.dy, [&](auto kind, auto lanes) {
    run_backward<decltype(kind)::value, decltype(lanes)::value>(job, gradient, as_stream(stream));
  });
}

template <class T>
void norm_pool_sums(const NormPool<T>& job, double* sums, void* stream) {
  check_size(job);
  by_kind(job, job.x, job.x, [&](auto, auto lanes) {
    const int slabs = run_sums<decltype(lanes)::value>(job, as_stream(stream));
    own_sums_kernel<<<blocks_for(job.channels, kThreads / 32), kThreads, 0, as_stream(stream)>>>(
        job, reinterpret_cast<const float2*>(job.workspace), slabs, sums);
    check_launch("norm_pool_sums");
  });
}

template <class T>
void norm_pool_gradient_sums(const NormPool<T>& job, const NormPoolGradient<T>& gradient,
                             double* sums, void* stream) {
  check_size(job);
  by_kind(job, gradient.dy, job.x, [&](auto kind, auto lanes) {
    const int slabs = run_gradient_sums<decltype(kind)::value, decltype(lanes)::value>(
        job, gradient.dy, as_stream(stream));
    own_gradient_sums_kernel<<<blocks_for(job.channels, kThreads / 32), kThreads, 0,
                               as_stream(stream)>>>(
        job, gradient, reinterpret_cast<const float2*>(job.workspace), slabs, sums);
    check_launch("norm_pool_gradient_sums");
  });
}

template void norm_pool_sums(const NormPool<float>&, double*, void*);
template void norm_pool_sums(const NormPool<Bfloat16>&, double*, void*);
template void norm_pool_gradient_sums(const NormPool<float>&, const NormPoolGradient<float>&,
                                      double*, void*);
template void norm_pool_gradient_sums(const NormPool<Bfloat16>&, const NormPoolGradient<Bfloat16>&,
                                      double*, void*);
template void norm_pool(const NormPool<float>&, void*);
template void norm_pool(const NormPool<Bfloat16>&, void*);
template void norm_pool_backward(const NormPool<float>&, const NormPoolGradient<float>&, void*);
template void norm_pool_backward(const NormPool<Bfloat16>&, const NormPoolGradient<Bfloat16>&,
                                 void*);

}  // namespace varphase::cuda
