// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "src/base/error.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// Where a tensor's kernels run: the CPU, or Torch's current stream of its GPU.
Where where_of(const at::Tensor& tensor);

/// The data of a contiguous tensor of that type; VARPHASE_CHECKs both. Undefined tensor: null.
template <class T>
T* data_of(const at::Tensor& tensor);

/// The tensor, or a copy of it, whose elements fill a piece of memory in some order: what an
/// elementwise kernel takes as a list.
at::Tensor without_holes(const at::Tensor& tensor);

/// body(0.0F) or body(0.0) by the tensor's element type. @throws Error unsupported for any other.
template <class Body>
void on_floats(const at::Tensor& tensor, const Body& body) {
  if (tensor.scalar_type() == at::kFloat) {
    body(0.0F);
  } else {
    VARPHASE_CHECK(tensor.scalar_type() == at::kDouble, ErrorKind::unsupported,
                   "a kernel got elements of type {}, wants float32 or float64",
                   at::toString(tensor.scalar_type()));
    body(0.0);
  }
}

/// Waits until the device has done all that it was told.
void synchronize(at::Device device);

/// Lends the kernels LibTorch's thread pool. Called once by every program that runs a network.
void use_torch_threads();

}  // namespace varphase
