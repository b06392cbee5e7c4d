// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "src/kernels/where.hpp"

namespace varphase {

/// Where a tensor's kernels run: the CPU, or Torch's current stream of its GPU.
Where where_of(const at::Tensor& tensor);

/// The data of a contiguous tensor of that type; VARPHASE_CHECKs both. Undefined tensor: null.
template <class T>
T* data_of(const at::Tensor& tensor);

/// Lends the kernels LibTorch's thread pool. Called once by every program that runs a network.
void use_torch_threads();

}  // namespace varphase
