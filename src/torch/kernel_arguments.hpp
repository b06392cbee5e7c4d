// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "src/base/error.hpp"
#include "src/kernels/support/where.hpp"

namespace varphase {

/// Where a tensor's kernels run: the CPU, or Torch's current stream of its GPU.
Where where_of(const at::Tensor& tensor);

/// The data of a tensor, after checking that it is contiguous and of type T; null for an undefined tensor.
template <class T>
T* data_of(const at::Tensor& tensor);

/// The tensor, or a copy, whose elements fill one piece of memory in whatever order: what an elementwise kernel takes
/// as a list.
at::Tensor without_holes(const at::Tensor& tensor);

/// Calls body(0.0F) for a tensor of float32, body(0.0) for one of float64. @throws Error unsupported for any other
/// type.
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

/// Lends LibTorch's thread pool to the kernels. Every program that runs a network calls it once.
void use_torch_threads();

}  // namespace varphase
