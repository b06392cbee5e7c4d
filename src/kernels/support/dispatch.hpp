// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include "src/base/error.hpp"

// The CUDA body of a kernel, or a clear error in a build without CUDA.
#if VARPHASE_CUDA
#define VARPHASE_ON_CUDA(call) call
#else
#define VARPHASE_ON_CUDA(call)                    \
  ::varphase::fail(::varphase::ErrorKind::device, \
                   "this build of varphase has no CUDA: use --device cpu")
#endif
