// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

// A function compiled for three instruction sets, the best one picked at start. Every operation in
// such a function is a plain IEEE one, so the choice changes speed and never bits. Sanitizers run
// before the picking works.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VARPHASE_SIMD_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), noinline))
#else
#define VARPHASE_SIMD_CLONES __attribute__((noinline))
#endif
