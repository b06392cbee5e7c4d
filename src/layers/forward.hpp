// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include "src/noise/noise_key.hpp"

namespace varphase {

class Communicator;

/// How a network is run. `mean` replaces weights by their expectations ("deterministic") and leaves
/// dropout out, `sampled` draws outputs by local reparameterization and dropout's masks,
/// `zero_mean` does so with all means of the variance layers set to zero.
enum class Mode { mean, sampled, zero_mean };

struct Forward {
  Mode mode = Mode::mean;
  bool training = false;  // batch norm by batch statistics, which then move the running ones
  NoiseKey key;           // seed, stream, sub; each layer puts in its own number
  at::Tensor example;     // int64 [N], where mode is not mean
  at::Tensor member;      // int64 [N] or [1]
  Communicator* ranks =
      nullptr;  // training: several ranks' batches are normalized as one; null: this one alone
};

}  // namespace varphase
