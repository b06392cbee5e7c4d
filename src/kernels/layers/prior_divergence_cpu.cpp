// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/kernels/layers/prior_divergence.hpp"

#include "src/kernels/layers/student_t_divergence.hpp"
#include "src/kernels/support/dispatch.hpp"

namespace varphase {

template <class T>
void log_uniform_divergences(const T* log_alpha, std::int64_t count, T* value, T* slope,
                             Where where) {
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::log_uniform_divergences(log_alpha, count, value, slope, where.stream));
    return;
  }
  parallel_for(count, 512, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const LogUniformDivergence one = log_uniform_divergence(static_cast<double>(log_alpha[i]));
      value[i] = static_cast<T>(one.value);
      slope[i] = static_cast<T>(one.slope);
    }
  });
}

template <class T>
void student_t_divergences(const T* mean, const T* variance, std::int64_t count, double nu,
                           T* value, T* d_mean, T* d_variance, Where where) {
  const double offset = student_t_offset(nu);
  if (where.cuda) {
    VARPHASE_ON_CUDA(cuda::student_t_divergences(mean, variance, count, nu, offset, value, d_mean,
                                                 d_variance, where.stream));
    return;
  }
  parallel_for(count, 128, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const StudentTDivergence one = student_t_divergence(
          static_cast<double>(mean[i]), static_cast<double>(variance[i]), nu, offset);
      value[i] = static_cast<T>(one.value);
      d_mean[i] = static_cast<T>(one.d_mean);
      d_variance[i] = static_cast<T>(one.d_variance);
    }
  });
}

template void log_uniform_divergences<float>(const float*, std::int64_t, float*, float*, Where);
template void log_uniform_divergences<double>(const double*, std::int64_t, double*, double*, Where);
template void student_t_divergences<float>(const float*, const float*, std::int64_t, double, float*,
                                           float*, float*, Where);
template void student_t_divergences<double>(const double*, const double*, std::int64_t, double,
                                            double*, double*, double*, Where);

}  // namespace varphase
