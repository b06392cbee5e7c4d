// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "src/base/error.hpp"

// The CUDA body of a kernel, or a clear error in a build without CUDA.
#if VARPHASE_CUDA
#define VARPHASE_ON_CUDA(call) call
#else
#define VARPHASE_ON_CUDA(call)                    \
  ::varphase::fail(::varphase::ErrorKind::device, \
                   "this build of varphase has no CUDA: use --device cpu")
#endif

// A template `function(job, i)` that is compiled for each instruction set, called for a Job of float and of double by
// the best set that the processor has. The first line stands among what is compiled for each set, the second where
// HWY_ONCE holds, behind <hwy/highway.h>.
#define VARPHASE_FLOAT_AND_DOUBLE(function, Job)                                     \
  void function##_float(const Job<float>& job, std::int64_t i) { function(job, i); } \
  void function##_double(const Job<double>& job, std::int64_t i) { function(job, i); }
#define VARPHASE_CALL_FLOAT_AND_DOUBLE(function, Job)            \
  HWY_EXPORT(function##_float);                                  \
  HWY_EXPORT(function##_double);                                 \
  void call_##function(const Job<float>& job, std::int64_t i) {  \
    HWY_DYNAMIC_DISPATCH(function##_float)(job, i);              \
  }                                                              \
  void call_##function(const Job<double>& job, std::int64_t i) { \
    HWY_DYNAMIC_DISPATCH(function##_double)(job, i);             \
  }
