// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

namespace varphase {

class Communicator;

/// at::batch_norm in training, with the batches of all ranks normalized as one. Sums are put together in float64.
/// @param x  [N, C, ...] of this rank, any floating type
/// @param weight, bias, running_mean, running_var  [C]; the running ones are moved by `momentum`, the same on all ranks
/// @return as x; its gradients by weight and bias are those of this rank's own values
at::Tensor synced_batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             const at::Tensor& running_mean, const at::Tensor& running_var,
                             double momentum, double eps, Communicator& ranks);

}  // namespace varphase
