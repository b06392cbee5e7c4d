// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include <ATen/core/Tensor.h>

#include "src/base/error.hpp"
#include "src/kernels/support/bfloat16.hpp"

namespace varphase {

/// The elements of a tensor, in whatever order they lie. @throws Error unsupported for another
/// type.
template <class T>
T* elements_of(const at::Tensor& tensor) {
  constexpr at::ScalarType kType = std::is_same_v<T, Bfloat16> ? at::kBFloat16 : at::kFloat;
  VARPHASE_CHECK(tensor.scalar_type() == kType, ErrorKind::unsupported,
                 "a kernel got elements of type {}, wants {}", at::toString(tensor.scalar_type()),
                 at::toString(kType));
  return static_cast<T*>(tensor.mutable_data_ptr());
}

/// Calls body with a value of the tensor's element type, by which it picks its instance: Bfloat16{} for bfloat16, else
/// 0.0F.
template <class Body>
void on_activations(const at::Tensor& tensor, const Body& body) {
  if (tensor.scalar_type() == at::kBFloat16) {
    body(Bfloat16{});
  } else {
    body(0.0F);
  }
}

}  // namespace varphase
