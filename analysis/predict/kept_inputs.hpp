// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include "src/models/network.hpp"

namespace varphase {

/// Keeps the inputs of layer `end` of a network, batch by batch, from the first pass over all batches for the passes
/// after it. The layers before `end` must not change meanwhile.
class KeptInputs {
 public:
  /// Keeps nothing where the inputs of all `rows` images would take more than 1 GiB (on a GPU an eighth of its memory),
  /// or where `end` is the first layer.
  KeptInputs(const Network& network, std::size_t end, std::int64_t rows, at::Device device);

  /// The layer whose inputs are kept, from which a pass starts; 0 where nothing is kept and a pass starts at the
  /// images.
  std::size_t end() const { return end_; }
  /// The inputs [images of the batch, features...] of one batch; made by `make` the first time.
  at::Tensor batch(std::size_t index, const std::function<at::Tensor()>& make);

 private:
  std::size_t end_ = 0;
  std::vector<at::Tensor> batches_;
};

}  // namespace varphase
