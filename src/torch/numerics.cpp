// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "src/torch/numerics.hpp"

#include <cstdlib>

#include <ATen/Context.h>

namespace varphase {

void set_numerics(bool deterministic, bool tf32) {
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 1);
  at::Context& context = at::globalContext();
  context.setDeterministicAlgorithms(deterministic, false);
  context.setDeterministicFillUninitializedMemory(false);
  context.setDeterministicCuDNN(deterministic);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuBLAS(tf32);
  context.setAllowTF32CuDNN(tf32);
  context.setAllowBF16ReductionCuBLAS(false);  // sums of bfloat16 products in float32
}

Tf32Products::Tf32Products(bool allowed)
    : matmul_(at::globalContext().allowTF32CuBLAS()), conv_(at::globalContext().allowTF32CuDNN()) {
  at::globalContext().setAllowTF32CuBLAS(allowed);
  at::globalContext().setAllowTF32CuDNN(allowed);
}

Tf32Products::~Tf32Products() {
  at::globalContext().setAllowTF32CuBLAS(matmul_);
  at::globalContext().setAllowTF32CuDNN(conv_);
}

}  // namespace varphase
