// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/kernels/support/where.hpp"

namespace varphase {

/// log_uniform_divergence of each entry: value[i] and its derivative slope[i] in log_alpha[i]. Computed in float64,
/// stored as T (float or double); the pointers lie where the kernel runs.
template <class T>
void log_uniform_divergences(const T* log_alpha, std::int64_t count, T* value, T* slope,
                             Where where);

/// student_t_divergence of each weight N(mean[i], variance[i]), with its derivatives in both.
/// @param nu degrees of freedom, > 0
template <class T>
void student_t_divergences(const T* mean, const T* variance, std::int64_t count, double nu,
                           T* value, T* d_mean, T* d_variance, Where where);

namespace cuda {
template <class T>
void log_uniform_divergences(const T* log_alpha, std::int64_t count, T* value, T* slope,
                             void* stream);
template <class T>
void student_t_divergences(const T* mean, const T* variance, std::int64_t count, double nu,
                           double offset, T* value, T* d_mean, T* d_variance, void* stream);
}  // namespace cuda

}  // namespace varphase
