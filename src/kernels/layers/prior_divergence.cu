// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/prior_divergence.hpp"

#include "src/kernels/layers/student_t_divergence.hpp"
#include "src/kernels/support/launch.cuh"

namespace varphase::cuda {
namespace {

constexpr int kThreads = 128;

template <class T>
__global__ void log_uniform_kernel(const T* log_alpha, std::int64_t count, T* value, T* slope) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const LogUniformDivergence one = log_uniform_divergence(static_cast<double>(log_alpha[i]));
  value[i] = static_cast<T>(one.value);
  slope[i] = static_cast<T>(one.slope);
}

template <class T>
__global__ void student_t_kernel(const T* mean, const T* variance, std::int64_t count, double nu,
                                 double offset, T* value, T* d_mean, T* d_variance) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const StudentTDivergence one = student_t_divergence(static_cast<double>(mean[i]),
                                                      static_cast<double>(variance[i]), nu, offset);
  value[i] = static_cast<T>(one.value);
  d_mean[i] = static_cast<T>(one.d_mean);
  d_variance[i] = static_cast<T>(one.d_variance);
}

}  // namespace

template <class T>
void log_uniform_divergences(const T* log_alpha, std::int64_t count, T* value, T* slope,
                             void* stream) {
  if (count == 0) return;
  log_uniform_kernel<T><<<blocks_for(count, kThreads), kThreads, 0, as_stream(stream)>>>(
      log_alpha, count, value, slope);
  check_launch("log_uniform_divergences");
}

template <class T>
void student_t_divergences(const T* mean, const T* variance, std::int64_t count, double nu,
                           double offset, T* value, T* d_mean, T* d_variance, void* stream) {
  if (count == 0) return;
  student_t_kernel<T><<<blocks_for(count, kThreads), kThreads, 0, as_stream(stream)>>>(
      mean, variance, count, nu, offset, value, d_mean, d_variance);
  check_launch("student_t_divergences");
}

template void log_uniform_divergences<float>(const float*, std::int64_t, float*, float*, void*);
template void log_uniform_divergences<double>(const double*, std::int64_t, double*, double*, void*);
template void student_t_divergences<float>(const float*, const float*, std::int64_t, double, double,
                                           float*, float*, float*, void*);
template void student_t_divergences<double>(const double*, const double*, std::int64_t, double,
                                            double, double*, double*, double*, void*);

}  // namespace varphase::cuda
